/** Refuses writes that a page of another site could have caused. */
import { timingSafeEqual } from 'node:crypto';
import { bodyParser } from '@koa/bodyparser';
import { z } from 'zod';
import { Forbidden } from '../../errors.ts';
import type { Context, Middleware, Parts } from '../context.ts';
import { isSafeMethod } from '../is-safe-method.ts';

const formSchema = z.object({ _csrf: z.string() });
/** Statuses of a form that is no good; without one it was broken. */
const refusalSchema = z.object({ status: z.union([z.literal(413), z.literal(415)]) });

const parseForm = bodyParser({
  enableTypes: ['form'],
  formLimit: '16kb',
  onError: (error, ctx) => ctx.throw(refusalSchema.safeParse(error).data?.status ?? 400),
});

/**
 * Unsafe methods need `Sec-Fetch-Site: same-origin`.
 *
 * From a browser too old to send it, they need an `Origin` that is the public URL, and the
 * session's CSRF token (form field `_csrf` or header `X-CSRF-Token`).
 */
export function sameOrigin({ settings }: Pick<Parts, 'settings'>): Middleware {
  const { origin } = settings.site.publicUrl;
  return async (ctx, next) => {
    if (!isSafeMethod(ctx.method) && !(await isOwn(ctx, origin))) {
      throw new Forbidden('This request did not come from a page of this site, so it was refused.');
    }
    await next();
  };
}

async function isOwn(ctx: Context, origin: string): Promise<boolean> {
  const site = ctx.headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  return ctx.headers.origin === origin && (await hasToken(ctx));
}

async function hasToken(ctx: Context): Promise<boolean> {
  const expected = ctx.session?.record?.csrf;
  const sent = expected && (ctx.get('X-CSRF-Token') || (await tokenOfForm(ctx)));
  if (!expected || !sent) return false;
  const [a, b] = [Buffer.from(expected), Buffer.from(sent)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Reads a form only where a token is still wanted of it; a front-end's body is for the API. */
async function tokenOfForm(ctx: Context): Promise<string | undefined> {
  if (ctx.path.startsWith('/api/')) return undefined;
  await parseForm(ctx, async () => {});
  return formSchema.safeParse(ctx.request.body).data?._csrf;
}
