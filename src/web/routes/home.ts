/** `GET /`: what this is, or what the person signed in can see. */
import type { Middleware, Parts } from '../context.ts';

export function home({ pages }: Parts): Middleware {
  return (ctx) => pages.show(ctx, 'home');
}
