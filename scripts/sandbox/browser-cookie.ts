/** The sandbox's own single sign-on: who is signed in in the browser at hand. */
import { randomUUID } from 'node:crypto';
import type Koa from 'koa';
import type { User } from './directory.ts';
import { users } from './directory.ts';
import type { Browser, BrowserSession, SandboxState } from './sandbox-state.ts';
import { randomToken } from './tokens.ts';

const cookieName = 'sandbox_sso';

export function browserOf(ctx: Koa.Context, state: SandboxState): Browser | undefined {
  const id = ctx.cookies.get(cookieName);
  return id === undefined ? undefined : state.browsers.get(id);
}

/** The people signed in in this browser, in the order they came. */
export function signedInUsers(ctx: Koa.Context, state: SandboxState): User[] {
  const ids = [...(browserOf(ctx, state)?.keys() ?? [])];
  return ids.flatMap((id) => users.filter((user) => user.id === id));
}

/** Starts a session for `user`, or proves the one there is anew under the same `sid`. */
export function signInBrowser(ctx: Koa.Context, state: SandboxState, user: User): void {
  let browser = browserOf(ctx, state);
  if (!browser) {
    browser = new Map();
    const id = randomToken('');
    state.browsers.set(id, browser);
    ctx.cookies.set(cookieName, id, { httpOnly: true, sameSite: 'lax', secure: ctx.secure });
  }
  const before = browser.get(user.id);
  const session: BrowserSession = {
    sid: before?.sid ?? randomUUID(),
    authenticatedAt: state.now(),
    strong: before?.strong ?? false,
    clientIds: before?.clientIds ?? new Set(),
  };
  browser.set(user.id, session);
}
