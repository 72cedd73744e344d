/** `GET /api/session`: who is signed in, for front-ends; never a token. */
import { type Middleware, signedIn } from '../context.ts';
import { activeAccount } from '../session.ts';

export const apiSession: Middleware = (ctx) => {
  const { name, username, tenantId } = signedIn(ctx).identity;
  const csrfToken = ctx.session?.record?.csrf;
  const roles = activeAccount(ctx.session)?.roles ?? [];
  ctx.body = { account: { name, username, tenantId, roles }, csrfToken };
};
