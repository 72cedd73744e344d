/** An access token of this site itself, without any person: the client credentials grant. */

import { clientCredentialsGrant } from 'openid-client';
import { Misconfigured, Unavailable } from '../errors.ts';
import { isConcreteTenant } from '../tenant-id.ts';
import type { AppTokenRequest, AppTokenResponse } from '../token-response.ts';
import { authorityOfTenant } from './authority-of-tenant.ts';
import { claimsParameter } from './claims-parameter.ts';
import type { Authority } from './create-authority.ts';
import { tokensOf } from './token-body.ts';
import { requestTokens } from './token-request.ts';

/**
 * Asks for a token (RFC 6749 §4.4). An ID token or a refresh token in the answer is for nobody, and
 * is left alone (RFC 6749 §4.4.3).
 *
 * @throws {Unavailable} no answer, or one that says to come back later.
 * @throws {Misconfigured} the request cannot be right, the authority refuses this site, or an
 *   administrator has not consented.
 */
export async function requestAppToken(
  configured: Authority,
  request: AppTokenRequest,
): Promise<AppTokenResponse> {
  const { scopes, claims, tenantId } = request;
  const authority = authorityOfTenant(configured, tenantId);
  checkTenant(authority);
  checkScopes(authority, scopes);
  const asked = claimsParameter(authority, claims);
  const parameters = {
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(asked && { claims: asked }),
  };
  const answer = await requestTokens(authority, {
    kind: 'app',
    scopes,
    claims,
    beforeSend: () => request.beforeSend(),
    send: (configuration) => clientCredentialsGrant(configuration, parameters),
  });
  if (answer.kind === 'malformed') {
    throw new Unavailable('The sign-in service sent an answer that makes no sense.', {
      outcome: 'unknown',
      cause: answer.cause,
    });
  }
  const { refreshToken: _, ...tokens } = tokensOf(answer.body, scopes);
  return tokens;
}

/** Microsoft.Identity.Web refuses the same as IDW10405. */
function checkTenant({ settings: { authority } }: Authority): void {
  if (authority.kind === 'oidc' || isConcreteTenant(authority.tenantId)) return;
  throw new Misconfigured(
    `A token of this site itself is of one tenant, which ${authority.tenantId} does not name: say which.`,
  );
}

/** Microsoft.Identity.Web refuses the same as IDW10404. */
function checkScopes({ settings }: Authority, scopes: readonly string[]): void {
  if (settings.authority.kind === 'oidc') return;
  const [scope = '', ...more] = scopes;
  if (more.length === 0 && /^\S+\/\.default$/i.test(scope)) return;
  throw new Misconfigured(
    'A token of this site itself needs exactly one scope: its API followed by /.default.',
  );
}
