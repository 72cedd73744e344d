/** Refuses addresses longer than any that this site gives out. */
import type { Middleware } from '../context.ts';

const MAX_URL_LENGTH = 8192;

export const urlLimit: Middleware = async (ctx, next) => {
  if (ctx.url.length > MAX_URL_LENGTH) ctx.throw(414);
  await next();
};
