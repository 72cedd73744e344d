/** What the token endpoint is asked for, whether it may be given, and the response that gives it. */
import { type ClaimsRequest, parseClaims } from './claims-request.ts';
import { ProtocolError } from './protocol-error.ts';
import { askedScopes, graph, type Resource, type ScopeRequest } from './resources.ts';
import { consentsOf, type Grant, type SandboxState } from './sandbox-state.ts';
import { clientInfoOf, randomToken, signAccessToken, signIdToken } from './tokens.ts';

/** What the token endpoint was asked for, once the code or refresh token was found good. */
export interface TokenOrder {
  readonly grant: Grant;
  readonly scopes: ScopeRequest;
  /** The same as text, for the refresh token to remember. */
  readonly scopeText: string;
  readonly nonce: string | undefined;
  readonly clientInfo: boolean;
  readonly claims: string | undefined;
  /** The claims request of the sign-in, for the tokens that its code gives. */
  readonly signInClaims: string | undefined;
}

/**
 * The resource and the prefixed scopes that the access token will hold: all that was ever agreed to
 * for that resource, which may be more than is asked for now.
 */
function grantedScopes(
  state: SandboxState,
  grant: Grant,
  scopes: ScopeRequest,
): { resource: Resource; granted: string[] } {
  if (scopes.byResource.size > 1) throw new ProtocolError(28000);
  const resource = [...scopes.byResource.keys()][0] ?? graph;
  const agreed = consentsOf(state, grant);
  const granted = [...agreed].filter((scope) => scope.startsWith(`${resource.uri}/`));
  const isDefault = scopes.byResource.get(resource)?.includes('.default') ?? false;
  const wanted = askedScopes({ openId: [], byResource: scopes.byResource });
  const missing = isDefault ? granted.length === 0 : wanted.some((scope) => !agreed.has(scope));
  if (missing) {
    const app = state.apps.get(grant.clientId);
    throw new ProtocolError(65001, {
      detail: `The user or administrator has not consented to use the application with ID '${grant.clientId}' named '${app?.name}'. Send an interactive authorization request for this user and resource.`,
    });
  }
  return { resource, granted: isDefault ? [...granted, `${resource.uri}/.default`] : granted };
}

function requireStrong(state: SandboxState, grant: Grant, claims: ClaimsRequest, text?: string) {
  const error = state.faults.strongAuthentication.get(grant.user.id);
  if (grant.strong || !(error || claims.wantsStrong)) return;
  const policy = { capolids: { essential: true, values: [policyId] } };
  const demand = claims.wantsStrong && text ? text : JSON.stringify({ access_token: policy });
  throw new ProtocolError(50076, { error: error ?? 'invalid_grant', claims: demand });
}

const policyId = 'b2d5ad3a-8c8f-4f0e-9d6a-5f1f7a9c0c01';

/** An order that is granted. */
export interface Permit {
  readonly order: TokenOrder;
  readonly resource: Resource;
  /** Prefixed. */
  readonly granted: readonly string[];
}

/** @throws {ProtocolError} AADSTS28000, 65001 or 50076: more than one resource, no consent, not strong enough. */
export function judgeOrder(state: SandboxState, order: TokenOrder): Permit {
  requireStrong(state, order.grant, parseClaims(order.claims), order.claims);
  return { order, ...grantedScopes(state, order.grant, order.scopes) };
}

/** The body of a token response, in Entra ID's members. */
export async function issueTokens(state: SandboxState, permit: Permit): Promise<object> {
  const { order, resource, granted } = permit;
  const { grant, scopes } = order;
  const shown = scopes.openId.filter((scope) => scope !== 'offline_access');
  const names = granted.map((scope) => scope.slice(resource.uri.length + 1));
  const scp = [...names.filter((name) => name !== '.default'), ...shown].join(' ');
  const hideClientInfo = state.faults.idToken === 'no-client-info';
  const seconds = state.accessTokenSeconds;
  const response = {
    token_type: 'Bearer',
    scope: [...shown, ...granted].join(' '),
    expires_in: seconds,
    ext_expires_in: seconds,
    ...(state.faults.sendRefreshIn && { refresh_in: Math.floor(seconds / 2) }),
    access_token: await signAccessToken(state, order, resource.uri, scp),
    ...(scopes.openId.includes('openid') && { id_token: await signIdToken(state, order) }),
    ...(order.clientInfo && !hideClientInfo && { client_info: clientInfoOf(grant) }),
  };
  if (!scopes.openId.includes('offline_access')) return response;
  const value = randomToken('1.A', 600);
  const issuedAt = state.now();
  state.refreshTokens.set(value, { ...grant, scope: order.scopeText, issuedAt, used: false });
  return { ...response, refresh_token: value };
}
