/** Refuses what asks for no path of this site (RFC 9112 §3.2), before anything reads it as one. */
import type { Middleware } from '../context.ts';

export const requestTarget: Middleware = async (ctx, next) => {
  if (ctx.url.startsWith('/')) {
    await next();
    return;
  }
  ctx.status = 400;
  ctx.type = 'text';
  ctx.body = 'This is no address of this site.\n';
};
