/** Answers someone who has just signed out: what ended, and on to the authority, where more may end. */
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { Identity } from '../token-response.ts';
import type { Context, Parts } from './context.ts';

/** As long as the next sign-in is asked which account it means. */
const REMEMBERED_MS = 30 * 86_400_000;
/** How long the person waits for the authority's address. */
const AUTHORITY_MS = 1500;
/** Time to read that one is signed out already. */
const CONTINUE_SECONDS = 2;

export interface Leaving {
  /** The opaque `login_hint` claim of the account: else the authority asks which one to sign out. */
  readonly logoutHint: string | undefined;
  /** Whether the authority is to end its own session. */
  readonly isKnownThere: boolean;
  /** Who signed out: named where others of the same browser did not. */
  readonly who: Partial<Pick<Identity, 'name' | 'username'>> | undefined;
  /** What ended, and what became of the account's sessions at the authority, if that was asked for. */
  readonly scope?: 'everywhere' | 'everywhere-and-there' | 'everywhere-not-there';
}

/** Shows the page of the signed-out; the session is ended before, and nothing here can undo that. */
export async function leaveSite(parts: Parts, ctx: Context, leaving: Leaving): Promise<void> {
  const { cookies, pages } = parts;
  const next = leaving.isKnownThere && (await authorityUrl(parts, ctx, leaving.logoutHint));
  cookies.write(ctx, 'signedOut', '1', REMEMBERED_MS);
  // What is open in other tabs would sign in again.
  cookies.clear(ctx, 'transaction');
  ctx.set('Clear-Site-Data', '"cache"');
  // Not a redirect: CSP's form-action would check every hop of it.
  if (next) ctx.set('Refresh', `${CONTINUE_SECONDS};url=${next.href}`);
  const { who, scope = 'here' } = leaving;
  const othersStay = (ctx.session?.record?.accounts.length ?? 0) > 0;
  const name = who?.name ?? who?.username ?? 'This account';
  pages.show(ctx, 'signed-out', {
    next: next ? next.href : '',
    who: othersStay ? name : '',
    scope,
  });
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
