/** The endpoint inside a host on Azure that gives out tokens of its managed identities (App Service, 2019-08-01). */
import { randomUUID } from 'node:crypto';
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { SignJWT } from 'jose';
import { tenants } from './directory.ts';
import { resources } from './resources.ts';
import type { ManagedIdentity } from './sandbox-options.ts';
import type { SandboxState } from './sandbox-state.ts';

const apiVersion = '2019-08-01';
const day = 86_400;
const tokenExchange = /^api:\/\/AzureADTokenExchange(USGov|China)?$/;
const vaults = 'https://vault.azure.net';

const isKnownResource = (uri: string): boolean =>
  tokenExchange.test(uri) || uri === vaults || resources.some((each) => each.uri === uri);

/** The errors of this endpoint have a shape of their own. */
export function identityError(ctx: Koa.Context, status: number, message: string): void {
  ctx.status = status;
  ctx.body = { statusCode: status, message, correlationId: randomUUID() };
}

/** The one identity that a request names, or the system's own. */
function findIdentity(
  identities: readonly ManagedIdentity[],
  query: URLSearchParams,
): ManagedIdentity | undefined {
  const clientId = query.get('client_id');
  const objectId = query.get('object_id') ?? query.get('principal_id');
  if (clientId !== null) return identities.find((each) => each.clientId === clientId);
  if (objectId !== null) return identities.find((each) => each.objectId === objectId);
  return identities.find(({ isSystemAssigned }) => isSystemAssigned);
}

/** A token of the tenant's own issuer, about the identity alone. */
function signIdentityToken(
  state: SandboxState,
  identity: ManagedIdentity,
  resource: string,
  expiresAt: number,
): Promise<string> {
  const { clientId, objectId, tenantId = tenants[0]?.id ?? '' } = identity;
  const key = state.keys.current(tenantId);
  const now = Math.floor(state.now() / 1000);
  return new SignJWT({
    aud: resource,
    iss: `${state.url.href}${tenantId}/v2.0`,
    ...{ iat: now - 300, nbf: now - 300, exp: expiresAt },
    ...{ azp: clientId, azpacr: '2', idtyp: 'app', ver: '2.0' },
    ...{ oid: objectId, sub: objectId, tid: tenantId, uti: randomUUID() },
  })
    .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: key.kid, x5t: key.kid })
    .sign(key.privateKey);
}

/** Adds `GET /msi/token`, for who knows the header that a host gives to its own processes. */
export function addManagedIdentity(
  router: Router,
  state: SandboxState,
  identities: readonly ManagedIdentity[],
  header: string,
): void {
  router.get('/msi/token', async (ctx: Koa.Context) => {
    const query = ctx.URL.searchParams;
    if (ctx.get('x-identity-header') !== header) {
      return identityError(ctx, 401, 'The X-IDENTITY-HEADER is missing or wrong.');
    }
    if (query.get('api-version') !== apiVersion) {
      return identityError(ctx, 400, 'The api-version is missing or not supported.');
    }
    const resource = query.get('resource') ?? '';
    if (!isKnownResource(resource)) {
      return identityError(
        ctx,
        400,
        `AADSTS500011: The resource principal named ${resource} was not found in the tenant.`,
      );
    }
    const identity = findIdentity(identities, query);
    if (!identity) {
      return identityError(
        ctx,
        400,
        'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
      );
    }
    const expiresAt = Math.floor(state.now() / 1000) + (identity.tokenSeconds ?? day);
    ctx.body = {
      access_token: await signIdentityToken(state, identity, resource, expiresAt),
      expires_on: String(expiresAt),
      resource,
      token_type: 'Bearer',
      client_id: identity.clientId,
    };
  });
}
