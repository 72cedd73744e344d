/** `POST /sign-out`: signs out here, at once, then leads on to the authority. */
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import type { Context, Middleware, Parts } from '../context.ts';
import { activeAccount, sessionName } from '../session.ts';

/** As long as the next sign-in is asked which account it means. */
const REMEMBERED_MS = 30 * 86_400_000;
/** How long the person waits for the authority's address. */
const AUTHORITY_MS = 1500;
/** Time to read that one is signed out already. */
const CONTINUE_SECONDS = 2;

/** @throws {Unavailable} the store is away: the person is still signed in, and is told so. */
export function signOut(parts: Parts): Middleware {
  const { broker, cookies, pages } = parts;
  return async (ctx) => {
    const logoutHint = ctx.state.account?.identity.loginHint;
    const account = activeAccount(ctx.session);
    const { sessionId } = ctx.state;
    // Tokens first: a session without its account is no session, while the reverse would linger.
    if (account && sessionId) {
      await broker.forget({ id: account.id, epoch: account.epoch }, sessionName(sessionId));
    }
    const next = ctx.state.account && (await authorityUrl(parts, ctx, logoutHint));
    ctx.session = null;
    ctx.state.account = undefined;
    cookies.write(ctx, 'signedOut', '1', REMEMBERED_MS);
    // What is open in other tabs would sign in again.
    cookies.clear(ctx, 'transaction');
    ctx.set('Clear-Site-Data', '"cache"');
    // Not a redirect: CSP's form-action would check every hop of it.
    if (next) ctx.set('Refresh', `${CONTINUE_SECONDS};url=${next.href}`);
    pages.show(ctx, 'signed-out', { next: next?.href ?? '' });
  };
}

/** Where the authority's own session ends; nowhere, while the authority is away or slow. */
async function authorityUrl(
  { authority, settings, log }: Parts,
  ctx: Context,
  logoutHint: string | undefined,
): Promise<URL | undefined> {
  const { site, azureAd } = settings;
  const postLogoutRedirectUri = new URL(azureAd.signedOutCallbackPath, site.publicUrl);
  try {
    const asked = authority.endSessionUrl({ postLogoutRedirectUri, logoutHint });
    return await Promise.race([asked, soon()]);
  } catch (error) {
    // Signing out here must not hang on anyone else.
    if (!(error instanceof AppError)) throw error;
    log.warn({ event: 'end_session_unknown', correlationId: ctx.state.correlationId });
    return undefined;
  }
}

/** What is asked for is kept after the first sign-in, so only a restart makes anyone wait. */
async function soon(): Promise<undefined> {
  await wait(AUTHORITY_MS, undefined, { ref: false });
}
