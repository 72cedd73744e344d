/** Refuses writes that a page of another site could have caused. */
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Forbidden } from '../../errors.ts';
import type { Context, Middleware, Parts } from '../context.ts';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
const formSchema = z.object({ _csrf: z.string() });

/**
 * Unsafe methods need `Sec-Fetch-Site: same-origin`.
 *
 * From a browser too old to send it, they need an `Origin` that is the public URL, and the
 * session's CSRF token (form field `_csrf` or header `X-CSRF-Token`).
 */
export function sameOrigin({ settings }: Pick<Parts, 'settings'>): Middleware {
  const { origin } = settings.site.publicUrl;
  return async (ctx, next) => {
    if (!SAFE.has(ctx.method) && !isOwn(ctx, origin)) {
      throw new Forbidden('This request did not come from a page of this site, so it was refused.');
    }
    await next();
  };
}

function isOwn(ctx: Context, origin: string): boolean {
  const site = ctx.headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  return ctx.headers.origin === origin && hasToken(ctx);
}

function hasToken(ctx: Context): boolean {
  const expected = ctx.session?.record?.csrf;
  const sent = ctx.get('X-CSRF-Token') || formSchema.safeParse(ctx.request.body).data?._csrf;
  if (!expected || !sent) return false;
  const [a, b] = [Buffer.from(expected), Buffer.from(sent)];
  return a.length === b.length && timingSafeEqual(a, b);
}
