/** The start of a sign-in: the URL at the authority, and what the callback will be checked against. */
import {
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { claimsParameter } from './claims-parameter.ts';
import type { Authority } from './create-authority.ts';
import { scopeParameter } from './identity-scopes.ts';
import { configure } from './token-request.ts';

export interface CodeRequest {
  readonly redirectUri: URL;
  /** May name several resources: the person is asked for all of them. */
  readonly scopes: readonly string[];
  readonly prompt?: 'select_account' | 'consent' | 'login' | undefined;
  /** Who is expected; not sent with `select_account`, which it contradicts. */
  readonly loginHint?: string | undefined;
  readonly domainHint?: string | undefined;
  /** A claims request, as JSON text. */
  readonly claims?: string | undefined;
}

/** Where to send the person, and what to remember until they are back. */
export interface RequestedCode {
  readonly url: URL;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/**
 * Asks for an authorization code (OpenID Connect Core §3.1.2.1), always with PKCE (RFC 7636), state
 * and nonce.
 *
 * @throws {Unavailable} the authority's metadata is not known, and cannot be had now.
 * @throws {Misconfigured} the configured authority is not what answers.
 */
export async function requestCode(
  authority: Authority,
  request: CodeRequest,
): Promise<RequestedCode> {
  const metadata = await authority.metadata.current();
  const { prompt, loginHint, domainHint, claims } = request;
  const asked = claimsParameter(authority, claims);
  const state = randomState();
  const nonce = randomNonce();
  const codeVerifier = randomPKCECodeVerifier();
  const url = buildAuthorizationUrl(configure(authority, metadata), {
    redirect_uri: request.redirectUri.href,
    response_mode: authority.settings.responseMode,
    scope: scopeParameter(request.scopes),
    state,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...(prompt && { prompt: metadata.asksForAccount ? prompt : withoutChoice(prompt) }),
    ...(loginHint && prompt !== 'select_account' && { login_hint: loginHint }),
    ...(domainHint && { domain_hint: domainHint }),
    ...(asked && { claims: asked }),
    ...(authority.settings.authority.kind === 'entra' && { client_info: '1' }),
  });
  return { url, state, nonce, codeVerifier };
}

/**
 * Others than Entra ID refuse `select_account` or pass over it, unless they list it; every one takes
 * `login`, which asks whoever comes anew.
 */
function withoutChoice(prompt: string): string {
  return prompt === 'select_account' ? 'login' : prompt;
}
