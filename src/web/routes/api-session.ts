/** `GET /api/session`: who is signed in, for front-ends; never a token. */
import { type Middleware, signedIn } from '../context.ts';

export const apiSession: Middleware = (ctx) => {
  const { name, username, tenantId } = signedIn(ctx).identity;
  const csrfToken = ctx.session?.record?.csrf;
  ctx.body = { account: { name, username, tenantId }, csrfToken };
};
