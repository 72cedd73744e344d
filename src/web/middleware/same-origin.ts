/** Refuses writes that a page of another site could have caused. */
import { timingSafeEqual } from 'node:crypto';
import { Forbidden } from '../../errors.ts';
import type { Context, Middleware, Parts } from '../context.ts';
import { isSafeMethod } from '../is-safe-method.ts';
import { formField } from '../read-form.ts';

/**
 * Unsafe methods need `Sec-Fetch-Site: same-origin`. From a browser too old to send it, they need
 * an `Origin` that is the public URL, and the session's CSRF token (form field `_csrf` or header
 * `X-CSRF-Token`).
 *
 * A token that is sent has to be right in any case: a page that was made before another account was
 * chosen, or signed in, must do nothing for this one. Only signing out is never refused for that.
 * Where a session holds several accounts, a front-end's call to an API has to send it.
 */
export function sameOrigin({ settings }: Pick<Parts, 'settings'>): Middleware {
  const { origin } = settings.site.publicUrl;
  return async (ctx, next) => {
    if (!isSafeMethod(ctx.method)) await check(ctx, origin);
    await next();
  };
}

async function check(ctx: Context, origin: string): Promise<void> {
  const site = ctx.headers['sec-fetch-site'];
  const isOwn = site === 'same-origin';
  if (!isOwn && (site !== undefined || ctx.headers.origin !== origin)) throw notOurs();
  if (isOwn && ctx.path === '/sign-out') return;
  // A session that ended has nothing to guard: the route asks for a sign-in, and the form is kept.
  if (isOwn && !ctx.session?.record) return;
  const token = await tokenOf(ctx);
  if (token === undefined) {
    if (!isOwn) throw notOurs();
    if (isForApi(ctx) && hasSeveralAccounts(ctx)) throw unclearForWhom();
  } else if (!isRight(token, ctx.session?.record?.csrf)) {
    if (!isOwn) throw notOurs();
    throw new Forbidden('This page was made for another sign-in. Load it again, then repeat it.');
  }
}

/** Reads a form only where everything else is right; a front-end's body is for the API. */
async function tokenOf(ctx: Context): Promise<string | undefined> {
  const header = ctx.get('X-CSRF-Token');
  if (header !== '') return header;
  const isForm = !isForApi(ctx) && ctx.is('application/x-www-form-urlencoded');
  return isForm ? await formField(ctx, '_csrf') : undefined;
}

function isForApi(ctx: Context): boolean {
  return ctx.path.startsWith('/api/');
}

function hasSeveralAccounts({ state, session }: Context): boolean {
  // Where none is in use, the route asks for a sign-in.
  return state.account !== undefined && (session?.record?.accounts.length ?? 0) > 1;
}

function isRight(sent: string, expected: string | undefined): boolean {
  if (!expected) return false;
  const [a, b] = [Buffer.from(expected), Buffer.from(sent)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function notOurs(): Forbidden {
  return new Forbidden('This request did not come from a page of this site, so it was refused.');
}

/** A page cannot know which account another tab has chosen since. */
function unclearForWhom(): Forbidden {
  return new Forbidden(
    'Several accounts are signed in here. Send the header X-CSRF-Token with the csrfToken of GET /api/session, as it was when the page was made, so that nothing is written for another account.',
  );
}
