/** The discovery documents and key sets, per tenant and for `common`, `organizations` and `consumers`. */
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { findAudience } from './directory.ts';
import { errorBody, ProtocolError, traceOf } from './protocol-error.ts';
import type { SandboxState } from './sandbox-state.ts';

function discoveryDocument(url: URL, segment: string): object {
  const audience = findAudience(segment);
  const tenant = typeof audience === 'string' ? '{tenantid}' : audience.id;
  const base = `${url.href}${segment}`;
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: [
      'client_secret_post',
      'private_key_jwt',
      'client_secret_basic',
    ],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `${url.href}${tenant}/v2.0`,
    request_uri_parameter_supported: false,
    userinfo_endpoint: `${url.href}graph/oidc/userinfo`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    claims_supported: [
      ...['sub', 'iss', 'cloud_instance_name', 'cloud_instance_host_name'],
      ...['cloud_graph_host_name', 'msgraph_host', 'aud', 'exp', 'iat', 'auth_time', 'acr'],
      ...['nonce', 'preferred_username', 'name', 'tid', 'ver', 'at_hash', 'c_hash', 'email'],
    ],
    kerberos_endpoint: `${base}/kerberos`,
    tenant_region_scope: null,
    cloud_instance_name: url.hostname,
    cloud_graph_host_name: url.host,
    msgraph_host: url.host,
    rbac_url: `${url.href}rbac`,
  };
}

/** Adds `GET /{tenant}/v2.0/.well-known/openid-configuration` and `GET /{tenant}/discovery/v2.0/keys`. */
export function addDiscoveryEndpoints(router: Router, state: SandboxState): void {
  const answer = (document: (segment: string) => object) => (ctx: Koa.Context) => {
    ctx.set('cache-control', 'max-age=86400, private');
    try {
      ctx.body = document(ctx['params'].tenant);
    } catch (error) {
      // An unknown tenant is answered in JSON, as the token endpoint does.
      if (!(error instanceof ProtocolError)) throw error;
      ctx.status = error.status;
      ctx.body = errorBody(error, traceOf(state.now(), undefined), state.url);
    }
  };
  router.get(
    '/:tenant/v2.0/.well-known/openid-configuration',
    answer((segment) => discoveryDocument(state.url, segment)),
  );
  router.get(
    '/:tenant/discovery/v2.0/keys',
    answer((segment) => {
      findAudience(segment);
      return state.keys.published();
    }),
  );
}
