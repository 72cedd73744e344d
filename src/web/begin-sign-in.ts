/** Begins a sign-in: asks the authority for a code, keeps a transaction, sends the person there. */
import { ownName } from '../authority/own-name.ts';
import type { CodeRequest } from '../authority/request-code.ts';
import type { Context, Parts } from './context.ts';
import { TRANSACTION_MS } from './sign-in-transaction.ts';

export interface SignInRequest extends Omit<CodeRequest, 'redirectUri'> {
  readonly returnTo: string;
  /** Consent and step-up are for this account only. */
  readonly expectedAccountId?: string | undefined;
  /** Whether it answers a challenge, which may come back unchanged. */
  readonly isChallenge?: boolean;
}

/** @throws {Unavailable} the authority's metadata or the store is away; nothing was begun. */
export async function beginSignIn(
  { settings, authority, cookies, transactions, limitSignIns, newId }: Parts,
  ctx: Context,
  { returnTo, expectedAccountId, isChallenge = false, ...request }: SignInRequest,
): Promise<void> {
  await limitSignIns(ctx);
  const redirectUri = callbackUrl(settings);
  const { url, state, nonce, codeVerifier } = await authority.requestCode({
    ...request,
    redirectUri,
  });
  // One value a browser, so that sign-ins in several tabs do not undo each other.
  const browserId = cookies.readId(ctx, 'transaction') ?? newId();
  await transactions.begin(state, browserId, {
    nonce,
    codeVerifier,
    returnTo,
    scopes: [...request.scopes],
    isChallenge,
    authority: ownName(settings.azureAd),
    ...(request.claims && { claims: request.claims }),
    ...(expectedAccountId && { expectedAccountId }),
  });
  cookies.write(ctx, 'transaction', browserId, TRANSACTION_MS);
  ctx.redirect(url.href);
}

/** The registered redirect URI: from the settings, never from a header. */
export function callbackUrl({ site, azureAd }: Parts['settings']): URL {
  return new URL(azureAd.callbackPath, site.publicUrl);
}
