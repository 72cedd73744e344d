/** Finds out who is signed in: the session's account, if the broker still has it. */
import { Unavailable } from '../../errors.ts';
import type { Middleware, Parts } from '../context.ts';
import { activeAccount, sessionName } from '../session.ts';
import { isSignInPath } from '../sign-in-links.ts';

/** A session whose account is gone counts as signed out; a store that is away does not. */
export function identify({ broker, settings }: Parts): Middleware {
  return async (ctx, next) => {
    const account = activeAccount(ctx.session);
    try {
      if (account && ctx.state.sessionId) {
        const { id, epoch } = account;
        ctx.state.account = await broker.describe({ id, epoch }, sessionName(ctx.state.sessionId));
      }
    } catch (error) {
      // An account that cannot be read must not bar the way to a new sign-in.
      if (!(error instanceof Unavailable) || !isSignInPath(settings, ctx.path)) throw error;
    }
    await next();
  };
}
