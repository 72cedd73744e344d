/** A refresh token, used once: new tokens for one resource, and proof that they are the same account's. */
import { refreshTokenGrant } from 'openid-client';
import { type AppError, Unavailable } from '../errors.ts';
import type { RefreshAnswer, RefreshRequest } from '../token-response.ts';
import { authorityOfTenant } from './authority-of-tenant.ts';
import { claimsParameter } from './claims-parameter.ts';
import type { Authority } from './create-authority.ts';
import { checkIdToken, uncheckedClaims } from './id-token.ts';
import { contradicts, identityOf, readClientInfo, unprovenAccountId } from './identity.ts';
import { plainRefreshScopes, scopeParameter } from './identity-scopes.ts';
import { type Salvage, tokensOf } from './token-body.ts';
import { requestTokens } from './token-request.ts';

/**
 * Refreshes (RFC 6749 §6, OpenID Connect Core §12), in another tenant if one is named: a refresh
 * token of Entra ID is of an account, not of a tenant. The ID token is then that tenant's, and the
 * identity in it still names the home account.
 *
 * The answer is `unverified` when what came cannot be judged now: its refresh token may be the only
 * good one, so it is handed over with the account it claims to be of. An ID token that *is* judged
 * and wrong is another matter: nothing of that answer is used, the refresh token sent stays the one
 * to keep, and the log says so loudly.
 *
 * @throws {SignInRequired} the authority wants the person: `refresh-token-dead`, `consent` or `interaction`.
 * @throws {Unavailable} no answer, or one that says to come back later; `outcome` tells if it may have been used.
 * @throws {Misconfigured} the authority refuses this site itself, or the tenant does not exist.
 */
export async function refreshTokens(
  configured: Authority,
  request: RefreshRequest,
): Promise<RefreshAnswer> {
  const authority = authorityOfTenant(configured, request.tenantId);
  const { refreshToken, scopes, claims, accountId } = request;
  const { settings } = authority;
  const isEntra = settings.authority.kind === 'entra';
  const asked = claimsParameter(authority, claims);
  const parameters = {
    scope: isEntra ? scopeParameter(scopes) : plainRefreshScopes(scopes),
    ...(asked && { claims: asked }),
    ...(isEntra && { client_info: '1' }),
  };
  const answer = await requestTokens(authority, {
    kind: 'refresh',
    scopes,
    claims,
    accountId,
    beforeSend: () => request.beforeSend(),
    send: (configuration) => refreshTokenGrant(configuration, refreshToken, parameters),
  });
  if (answer.kind === 'malformed') {
    const cause = unusable('an answer that makes no sense', answer.cause);
    if (!answer.salvage.refresh_token) throw cause;
    return unverified(authority, answer.salvage, cause);
  }
  const { body } = answer;
  if (!body.id_token) {
    // Entra ID always sends one for `openid`; elsewhere it is optional (OpenID Connect Core §12.2).
    if (isEntra) return unverified(authority, body, unusable('no ID token'));
    return { kind: 'verified', response: { ...tokensOf(body, scopes), identity: undefined } };
  }
  const checked = await checkIdToken(body.id_token, {
    authority: settings.authority,
    metadata: await authority.metadata.current(),
    clientId: settings.clientId,
    nonce: undefined,
    keys: authority.signingKeys,
    now: authority.now(),
  });
  if (checked.kind === 'unknown-key') return unverified(authority, body, checked.cause);
  if (checked.kind === 'untimely') {
    return unverified(authority, body, unusable('an ID token not valid by our clock'));
  }
  if (checked.kind === 'wrong') throw refused(authority, checked.check);
  const clientInfo = readClientInfo(isEntra ? body.client_info : undefined);
  if (contradicts(checked.claims, clientInfo)) throw refused(authority, 'client_info');
  const identity = identityOf(settings.authority, checked.claims, clientInfo);
  return { kind: 'verified', response: { ...tokensOf(body, scopes), identity } };
}

function unverified({ settings }: Authority, body: Salvage, cause: AppError): RefreshAnswer {
  const clientInfo = readClientInfo(body.client_info);
  const claims = uncheckedClaims(body.id_token ?? '');
  const accountId = unprovenAccountId(settings.authority, claims, clientInfo);
  return { kind: 'unverified', refreshToken: body.refresh_token, accountId, cause };
}

function refused({ log }: Authority, check: string): Unavailable {
  log.error(
    { event: 'refreshed_id_token_refused', check },
    'a refresh brought an ID token that fails a check: nothing of it is kept',
  );
  return unusable(`an ID token that fails a check (${check})`);
}

function unusable(what: string, cause?: Error): Unavailable {
  return new Unavailable('Your access could not be renewed just now. Try again shortly.', {
    outcome: 'unknown',
    cause: cause ?? new Error(`authority: ${what}`),
  });
}
