/** The end of a sign-in: the callback is checked, its code redeemed, and the ID token checked. */
import { authorizationCodeGrant } from 'openid-client';
import { Misconfigured, Unavailable } from '../errors.ts';
import type { Identity, TokenResponse } from '../token-response.ts';
import { claimsParameter } from './claims-parameter.ts';
import type { Authority } from './create-authority.ts';
import { checkIdToken } from './id-token.ts';
import { contradicts, identityOf, readClientInfo } from './identity.ts';
import { scopeParameter } from './identity-scopes.ts';
import { badAnswer, readCallback } from './read-callback.ts';
import { tokensOf } from './token-body.ts';
import { requestTokens, type TokenAnswer } from './token-request.ts';

export interface CodeRedemption {
  /** The callback's query, as it came. */
  readonly callback: URLSearchParams;
  /** As it was requested with. */
  readonly redirectUri: URL;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** The claims request that the sign-in was begun with, as JSON text. */
  readonly claims?: string | undefined;
  /** Scopes of one resource: the token endpoint serves one at a time. */
  readonly scopes: readonly string[];
}

export type RedeemedCode = TokenResponse & {
  readonly identity: Identity;
  /** Every claim of the checked ID token, as it came. */
  readonly claims: Readonly<Record<string, unknown>>;
};

/**
 * Redeems the code of a callback (OpenID Connect Core §3.1.3), once.
 *
 * @throws {SignInFailed} the callback or its ID token fails a check, or the person declined.
 * @throws {SignInRequired} `interaction`: the authority wants more of the person, by `claims`.
 * @throws {Unavailable} no answer, or one that cannot be checked now.
 * @throws {Misconfigured} the authority refuses this site itself.
 */
export async function redeemCode(
  authority: Authority,
  redemption: CodeRedemption,
): Promise<RedeemedCode> {
  const { callback, redirectUri, state, nonce, codeVerifier, scopes } = redemption;
  const metadata = await authority.metadata.current();
  const code = readCallback(callback, { state, scopes, metadata });
  const isEntra = authority.settings.authority.kind === 'entra';

  // The configured address, never the request's: a proxy may have changed that one.
  const currentUrl = new URL(redirectUri);
  currentUrl.search = new URLSearchParams({ code, state }).toString();
  const asked = claimsParameter(authority, redemption.claims);
  const parameters = {
    scope: scopeParameter(scopes),
    ...(isEntra && { client_info: '1' }),
    ...(asked && { claims: asked }),
  };
  const answer = await requestTokens(authority, {
    kind: 'code',
    scopes,
    send: (configuration) =>
      authorizationCodeGrant(
        configuration,
        currentUrl,
        { expectedState: state, pkceCodeVerifier: codeVerifier },
        parameters,
      ),
  });
  const body = wellFormed(answer);
  if (!body.id_token) throw badAnswer('no ID token');
  const checked = await checkIdToken(body.id_token, {
    authority: authority.settings.authority,
    metadata,
    clientId: authority.settings.clientId,
    nonce,
    keys: authority.signingKeys,
    now: authority.now(),
  });
  if (checked.kind === 'unknown-key') throw checked.cause;
  if (checked.kind === 'untimely') throw clockIsOff(checked.check);
  if (checked.kind !== 'valid') throw badAnswer(`ID token, ${checked.check}`);
  const clientInfo = readClientInfo(isEntra ? body.client_info : undefined);
  if (contradicts(checked.claims, clientInfo)) throw badAnswer('client_info');
  const identity = identityOf(authority.settings.authority, checked.claims, clientInfo);
  return { ...tokensOf(body, scopes), identity, claims: checked.payload };
}

/** It came from the authority a moment ago: if its time is not now, a clock is wrong, and mostly this one. */
function clockIsOff(check: string): Misconfigured {
  const message = 'The clocks of this site and of the sign-in service do not agree.';
  const cause = new Error(
    `ID token, ${check}: set the clock of this machine (timedatectl set-ntp true)`,
  );
  return new Misconfigured(message, { cause });
}

function wellFormed(answer: TokenAnswer) {
  if (answer.kind === 'tokens') return answer.body;
  throw new Unavailable('The sign-in service sent an answer that makes no sense. Start again.', {
    outcome: 'unknown',
    cause: answer.cause,
  });
}
