/** Reads the browser's session before a route, and writes it after. */
import type Koa from 'koa';
import { type CreateSessionOptions, createSession } from 'koa-session';
import { Unavailable } from '../../errors.ts';
import { noticeOf } from '../account-notices.ts';
import type { Context, Middleware, Parts, WebContext, WebState } from '../context.ts';
import { isSafeMethod } from '../is-safe-method.ts';
import { isSignInPath } from '../sign-in-links.ts';

/** How often within its idle time a session notes that it was seen. */
const TOUCHES = 4;

/** Loads and commits `ctx.session`, kept in the store under an id that only the cookie holds. */
export function session(app: Koa<WebState, WebContext>, parts: Parts): Middleware {
  const { settings, cookies, sessions, newId } = parts;
  const maxAge = settings.session.absoluteHours * 3_600_000;
  const options: CreateSessionOptions = {
    ...cookies.attributes(),
    key: cookies.name('session'),
    maxAge,
    store: {
      get: (id: string, _maxAge: number, { ctx }) => readSession(parts, ctx, id),
      set: (id: string, data: unknown, _maxAge: number, { ctx }) => sessions.set(id, data, ctx),
      destroy: (id: string, { ctx }) => sessions.destroy(id, ctx),
    },
    genid: (ctx: Context) => ctx.state.nextSessionId ?? newId(),
    externalKey: {
      get: (ctx: Context) => {
        ctx.state.sessionId = cookies.readId(ctx, 'session');
        return ctx.state.sessionId ?? '';
      },
      // An id the browser has already is not sent again: a slow answer would undo a newer sign-in.
      set: (ctx: Context, id: string) => {
        if (id !== ctx.state.sessionId) cookies.write(ctx, 'session', id, maxAge);
      },
    },
  };
  return createSession(options, app);
}

async function readSession({ sessions, settings }: Parts, ctx: Context, id: string) {
  // A page that says what was just done must not show what was before.
  const near = isSafeMethod(ctx.method) && noticeOf(ctx) === '';
  try {
    return await sessions.get(id, ctx, { near });
  } catch (error) {
    // A session that cannot be read must not bar the way to a new one; it is left as it is.
    if (!(error instanceof Unavailable) || !isSignInPath(settings, ctx.path)) throw error;
    return undefined;
  }
}

/** Notes that a session is in use, a few times within its idle time. */
export function touch({ settings, now }: Parts): Middleware {
  const intervalMs = (settings.session.idleMinutes * 60_000) / TOUCHES;
  return async (ctx, next) => {
    const record = ctx.session?.record;
    if (ctx.session && record && now() - record.seenAt >= intervalMs) {
      ctx.session.record = { ...record, seenAt: now() };
    }
    await next();
  };
}
