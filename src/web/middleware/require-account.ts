/** Lets only people who are signed in on to a route; others are led to sign in and back. */
import { type Middleware, signedIn } from '../context.ts';

export const requireAccount: Middleware = async (ctx, next) => {
  signedIn(ctx);
  await next();
};
