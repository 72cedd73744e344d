/** `POST /account/switch`: goes on as another account of this session. */
import { SignInRequired } from '../../errors.ts';
import { backToAccount } from '../account-notices.ts';
import type { Middleware, Parts } from '../context.ts';
import { formField } from '../read-form.ts';
import { sessionName } from '../session.ts';

export function switchAccount({ broker, newId, sessions }: Parts): Middleware {
  return async (ctx) => {
    ctx.state.returnTo = '/account';
    const chosen = await formField(ctx, 'account');
    const tie = ctx.session?.record?.accounts.find(({ id }) => id === chosen);
    const { sessionId = '' } = ctx.state;
    const account =
      tie && (await broker.describe({ id: tie.id, epoch: tie.epoch }, sessionName(sessionId)));
    // A new token: a page that was made for the other account can write nothing for this one.
    const choice = account && { accountId: account.id, csrf: newId() };
    const record = choice && (await sessions.choose(sessionId, choice, ctx));
    // It was ended elsewhere meanwhile: a new sign-in brings it back.
    if (!record || !ctx.session) throw new SignInRequired('no-session');
    ctx.session.record = record;
    backToAccount(ctx, 'switched');
  };
}
