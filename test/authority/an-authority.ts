/** Builders for the tests of this folder: an authority on a stub, and a sign-in up to its callback. */
import {
  type Authority,
  type AuthorityParts,
  createAuthority,
} from '../../src/authority/create-authority.ts';
import { type RedeemedCode, redeemCode } from '../../src/authority/redeem-code.ts';
import { requestCode } from '../../src/authority/request-code.ts';
import type { AuthoritySettings, ClientCredential, Settings } from '../../src/config/settings.ts';
import { createLog } from '../../src/log.ts';
import type { RefreshRequest } from '../../src/token-response.ts';
import { CLIENT_ID, type StubAuthority, TENANT, UID } from '../support/stub-authority.ts';

export const redirectUri = new URL('http://localhost:3000/signin-oidc');
export const userRead = ['https://graph.microsoft.com/User.Read'];

export function aSecret(secret: string, key = 'AzureAd:ClientSecret'): ClientCredential {
  return { sourceType: 'ClientSecret', key, secret };
}

/** PEM or PFX, in the settings themselves. */
export function aCertificate(
  bytes: Buffer,
  { key = 'AzureAd:ClientCredentials:0', sendX5c = false } = {},
): ClientCredential {
  return { sourceType: 'Base64Encoded', key, bytes, password: undefined, sendX5c };
}

export function settingsFor(
  authority: AuthoritySettings,
  credentials: readonly ClientCredential[] = [aSecret('a secret & a half')],
): Settings['azureAd'] {
  return {
    authority,
    tenants: { allowed: undefined, denied: [] },
    clientId: CLIENT_ID,
    credentials,
    responseMode: 'query',
    callbackPath: '/signin-oidc',
    signedOutCallbackPath: '/signout-callback-oidc',
    remoteSignOutPath: '/signout-oidc',
    backChannelLogoutPath: '/backchannel-logout',
    adminConsentCallbackPath: '/admin-consent-callback',
    clientCapabilities: [],
  };
}

/** For tests that wait until the authority is given up. */
export const impatient = { fetchMs: 80, totalMs: 80, backoffMs: 10, tokenMs: 80 };

export interface AnAuthority extends Partial<AuthorityParts> {
  readonly tenantId?: string;
  readonly credentials?: readonly ClientCredential[];
}

export function anAuthority(
  stub: StubAuthority,
  { tenantId = TENANT, credentials, ...parts }: AnAuthority = {},
): Authority {
  const instance = new URL(stub.origin);
  return createAuthority(settingsFor({ kind: 'entra', instance, tenantId }, credentials), {
    fetch,
    now: Date.now,
    log: createLog('silent'),
    audit: () => {},
    limits: { fetchMs: 3000, totalMs: 3000, backoffMs: 5, tokenMs: 3000 },
    ...parts,
  });
}

/** A sign-in whose callback carries a code, with the callback changed as the test wants it. */
export async function signIn(
  authority: Authority,
  stub: StubAuthority,
  change: (callback: URLSearchParams) => void = () => {},
): Promise<RedeemedCode> {
  const { state, nonce, codeVerifier } = await requestCode(authority, {
    redirectUri,
    scopes: userRead,
  });
  stub.nonce = nonce;
  const callback = new URLSearchParams({ code: 'code-1', state, session_state: 'x' });
  change(callback);
  const redemption = { callback, redirectUri, state, nonce, codeVerifier, scopes: userRead };
  return await redeemCode(authority, redemption);
}

export function aRefresh(change: Partial<RefreshRequest> = {}): RefreshRequest {
  return {
    refreshToken: 'refresh-1',
    scopes: userRead,
    accountId: `${UID}.${TENANT}`,
    beforeSend: () => {},
    ...change,
  };
}

/** What a promise is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('It was expected to fail.');
}
