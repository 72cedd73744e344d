/** Refuses to be called by pages of other origins: no answer here ever names one that may. */
import { Forbidden } from '../../errors.ts';
import type { Middleware } from '../context.ts';

/** A preflight (Fetch Standard, "CORS-preflight fetch") is refused before any session is looked at. */
export const preflight: Middleware = async (ctx, next) => {
  if (ctx.method === 'OPTIONS' && ctx.get('Access-Control-Request-Method') !== '') {
    throw new Forbidden('This site is called by its own pages only.');
  }
  await next();
};
