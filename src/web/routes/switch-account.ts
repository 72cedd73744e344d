/** `POST /account/switch`: goes on as another account of this session. */
import { SignInRequired } from '../../errors.ts';
import { backToAccount } from '../account-notices.ts';
import type { Middleware, Parts } from '../context.ts';
import { formField } from '../read-form.ts';
import { sessionName } from '../session.ts';

export function switchAccount({ broker, newId }: Parts): Middleware {
  return async (ctx) => {
    ctx.state.returnTo = '/account';
    const chosen = await formField(ctx, 'account');
    const record = ctx.session?.record;
    const tie = record?.accounts.find(({ id }) => id === chosen);
    const { sessionId } = ctx.state;
    const account =
      tie &&
      sessionId &&
      (await broker.describe({ id: tie.id, epoch: tie.epoch }, sessionName(sessionId)));
    // It was ended elsewhere meanwhile: a new sign-in brings it back.
    if (!account || !record || !ctx.session) throw new SignInRequired('no-session');
    // A new token: a page that was made for the other account can write nothing for this one.
    ctx.session.record = { ...record, active: account.id, csrf: newId() };
    backToAccount(ctx, 'switched');
  };
}
