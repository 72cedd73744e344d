/** Finds out who is signed in: the session's account, if the broker still has it. */
import { Unavailable } from '../../errors.ts';
import type { Middleware, Parts } from '../context.ts';
import { isSafeMethod } from '../is-safe-method.ts';
import { activeAccount, sessionName } from '../session.ts';
import { isSignInPath } from '../sign-in-links.ts';

/** A session whose account is gone counts as signed out; a store that is away does not. */
export function identify({ broker, settings }: Parts): Middleware {
  return async (ctx, next) => {
    const account = activeAccount(ctx.session);
    try {
      if (account && ctx.state.sessionId) {
        const { id, epoch } = account;
        const sessionId = sessionName(ctx.state.sessionId);
        // A page may be shown within moments of a sign-out elsewhere; nothing may be done then.
        const near = isSafeMethod(ctx.method);
        ctx.state.account = await broker.describe({ id, epoch }, sessionId, { near });
      }
    } catch (error) {
      // An account that cannot be read must not bar the way to a new sign-in.
      if (!(error instanceof Unavailable) || !isSignInPath(settings, ctx.path)) throw error;
    }
    await next();
  };
}
