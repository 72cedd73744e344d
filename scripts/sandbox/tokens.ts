/** Access tokens, ID tokens and the strings around them. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { type ClaimsRequest, combined, parseClaims } from './claims-request.ts';
import { tenants, users } from './directory.ts';
import type { IdTokenFault } from './faults.ts';
import { groupClaims } from './group-claims.ts';
import { guidOf } from './guid-of.ts';
import type { Grant, SandboxState } from './sandbox-state.ts';
import type { TokenOrder } from './token-order.ts';

export const randomToken = (prefix: string, bytes = 32): string =>
  `${prefix}${randomBytes(bytes).toString('base64url')}`;

const pairwise = (...parts: string[]): string =>
  createHash('sha256').update(parts.join(' ')).digest('base64url');

function personClaims({ clientId, user, membership }: Grant) {
  return {
    name: user.name,
    oid: membership.objectId,
    preferred_username: user.username,
    rh: randomToken('1.A', 24),
    sub: pairwise(clientId, membership.objectId, membership.tenant.id),
    tid: membership.tenant.id,
    uti: randomToken('', 16),
    ver: '2.0',
  };
}

/** Times are back-dated by 5 minutes, as Entra ID's are. */
function lifetime(state: SandboxState, seconds: number) {
  const now = Math.floor(state.now() / 1000);
  return { iat: now - 300, nbf: now - 300, exp: now + seconds };
}

/** Signs what access tokens of people and of applications have in common, and `claims`. */
async function signFor(
  state: SandboxState,
  tenantId: string,
  request: ClaimsRequest,
  claims: object,
): Promise<string> {
  state.serial += 1;
  const key = state.keys.current(tenantId);
  return new SignJWT({
    ...claims,
    ...lifetime(state, state.accessTokenSeconds),
    iss: `${state.url.href}${tenantId}/v2.0`,
    ...(request.capabilities.length > 0 && { xms_cc: request.capabilities }),
    ...(request.notBefore && { sandbox_answers_nbf: request.notBefore }),
    sandbox_serial: state.serial,
  })
    .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: key.kid, x5t: key.kid })
    .sign(key.privateKey);
}

const claimsOf = ({ claims, signInClaims }: TokenOrder): ClaimsRequest =>
  combined(parseClaims(claims), parseClaims(signInClaims));

export async function signAccessToken(
  state: SandboxState,
  order: TokenOrder,
  aud: string,
  scp: string,
): Promise<string> {
  const { grant } = order;
  const claims = claimsOf(order);
  return signFor(state, grant.membership.tenant.id, claims, {
    ...personClaims(grant),
    aud,
    azp: grant.clientId,
    azpacr: '1',
    scp,
    ...(claims.context && { acrs: [claims.context] }),
    ...groupClaims(state, grant),
  });
}

/** What an app-only token is made of. */
export interface AppTokenOrder {
  readonly clientId: string;
  readonly tenantId: string;
  readonly aud: string;
  readonly roles: readonly string[];
  readonly isByCertificate: boolean;
  readonly claims: ClaimsRequest;
}

/** Its `oid` and `sub` are the application's own object in the tenant, and it says nothing of a person. */
export async function signAppToken(state: SandboxState, order: AppTokenOrder): Promise<string> {
  const { clientId, tenantId, aud, roles, isByCertificate, claims } = order;
  const servicePrincipal = guidOf(clientId, tenantId);
  return signFor(state, tenantId, claims, {
    aud,
    azp: clientId,
    azpacr: isByCertificate ? '2' : '1',
    idtyp: 'app',
    oid: servicePrincipal,
    rh: randomToken('1.A', 24),
    ...(roles.length > 0 && { roles }),
    sub: servicePrincipal,
    tid: tenantId,
    uti: randomToken('', 16),
    ver: '2.0',
  });
}

/** `roles`, absent for whoever has none; of this app, and so in the ID token alone. */
function roleClaims(state: SandboxState, { clientId, user, membership }: Grant): object {
  const { assignments = {} } = state.apps.get(clientId.toLowerCase()) ?? {};
  const roles = membership.guest ? [] : (assignments[user.username] ?? []);
  return roles.length > 0 ? { roles } : {};
}

function spoil(fault: IdTokenFault | undefined, order: TokenOrder, state: SandboxState): object {
  const { membership, user } = order.grant;
  const foreign = tenants.find(({ id }) => id !== membership.tenant.id);
  switch (fault) {
    case 'wrong-nonce':
      return { nonce: randomToken('') };
    case 'no-nonce':
      return { nonce: undefined };
    case 'foreign-tid':
      return { tid: foreign?.id };
    case 'wrong-iss':
      return { iss: `${state.url.href}${foreign?.id}/v2.0` };
    case 'wrong-aud':
      return { aud: randomUUID() };
    case 'expired':
      return { exp: Math.floor(state.now() / 1000) - 3600 };
    case 'other-account': {
      const other = users.find(({ id }) => id !== user.id);
      return other ? { oid: other.id, sub: pairwise(order.grant.clientId, other.id) } : {};
    }
    default:
      return {};
  }
}

export async function signIdToken(state: SandboxState, order: TokenOrder): Promise<string> {
  const { grant, scopes, nonce } = order;
  const { user, membership, sid } = grant;
  const fault = state.faults.idToken;
  state.faults.idToken = undefined;
  const key = state.keys.current(membership.tenant.id);
  const other = fault === 'wrong-key' || fault === 'unknown-key';
  const signer = other ? await state.keys.create(key.kind) : key;
  const kid = fault === 'unknown-key' ? signer.kid : key.kid;
  const claims = claimsOf(order);
  return new SignJWT({
    ...personClaims(grant),
    ...lifetime(state, 3600),
    aud: grant.clientId,
    iss: `${state.url.href}${membership.tenant.id}/v2.0`,
    aio: randomToken('A', 48),
    auth_time: Math.floor(grant.authenticatedAt / 1000),
    login_hint: loginHintOf(user.username),
    sid,
    acct: membership.guest ? 1 : 0,
    ...(membership.guest && { idp: `${state.url.href}${user.homeTenantId}/v2.0` }),
    ...((scopes.openId.includes('email') || membership.guest) && { email: user.username }),
    ...(claims.idTokenContext && { acrs: [claims.idTokenContext] }),
    ...(nonce !== undefined && { nonce }),
    ...groupClaims(state, grant),
    ...roleClaims(state, grant),
    ...spoil(fault, order, state),
  })
    .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid })
    .sign(signer.privateKey);
}

/** The opaque hint that the `login_hint` optional claim carries. */
export const loginHintOf = (username: string): string =>
  `O.${Buffer.from(JSON.stringify({ upn: username })).toString('base64url')}`;

export function clientInfoOf(grant: Grant): string {
  const { user } = grant;
  const info = { uid: user.id, utid: user.homeTenantId };
  return Buffer.from(JSON.stringify(info)).toString('base64url');
}
