/** App-only tokens: the client credentials grant, for what administrators let an application do by itself. */
import { parseClaims } from './claims-request.ts';
import { type Audience, type Tenant, tenants } from './directory.ts';
import { ProtocolError } from './protocol-error.ts';
import { parseScopes, prefixed, type Resource } from './resources.ts';
import type { SandboxApp } from './sandbox-options.ts';
import { isInstalled, type SandboxState } from './sandbox-state.ts';
import { signAppToken } from './tokens.ts';

/** Work tenants alone have applications in them; `common` and `organizations` are no tenants. */
function tenantOf(audience: Audience, app: SandboxApp): Tenant {
  const tenant = tenants.find((each) => each === audience && each.kind === 'work');
  if (!tenant) throw new ProtocolError(50059);
  if (isInstalled(app, tenant)) return tenant;
  throw new ProtocolError(7000229, {
    detail: `The client application ${app.clientId} is missing service principal in the tenant ${tenant.id}.`,
  });
}

function resourceOf(scope: string | null): Resource {
  if (!scope) {
    throw new ProtocolError(90014, {
      detail: "The required field 'scope' is missing from the credential.",
    });
  }
  const asked = scope.split(' ');
  if (!asked.every((each) => each.toLowerCase().endsWith('/.default'))) {
    throw new ProtocolError(1002012, {
      detail: `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    });
  }
  const [resource, ...more] = parseScopes(scope).byResource.keys();
  if (!resource || more.length > 0) throw new ProtocolError(28000);
  return resource;
}

/**
 * The body of a token response: never with a scope, a refresh token or an ID token. An application
 * without any role is given a token without `roles`.
 *
 * @throws {ProtocolError} AADSTS50059, 7000229, 90014, 1002012, 28000 or 500011.
 */
export async function issueAppToken(
  state: SandboxState,
  app: SandboxApp,
  audience: Audience,
  form: URLSearchParams,
): Promise<object> {
  const tenant = tenantOf(audience, app);
  const resource = resourceOf(form.get('scope'));
  const roles = resource.roles.filter(
    (role) => app.roles?.includes(prefixed(resource, role)) ?? true,
  );
  const seconds = state.accessTokenSeconds;
  return {
    token_type: 'Bearer',
    expires_in: seconds,
    ext_expires_in: seconds,
    ...(state.faults.sendRefreshIn && { refresh_in: Math.floor(seconds / 2) }),
    access_token: await signAppToken(state, {
      clientId: app.clientId,
      tenantId: tenant.id,
      aud: resource.uri,
      roles,
      isByCertificate: form.has('client_assertion'),
      claims: parseClaims(form.get('claims')),
    }),
  };
}
