/** Scopes as the Microsoft identity platform compares them: a resource and a set of permissions. */
import { GRAPH_HOSTS } from './config/clouds.ts';

const OIDC_SCOPES = new Set(['openid', 'profile', 'email', 'offline_access']);

/** Microsoft Graph, which a scope without a prefix means; one cloud's is never mixed with another's. */
const GRAPHS = new Set([...GRAPH_HOSTS].map((host) => `https://${host}`));

/** What an access token is for: the resource ('' is Microsoft Graph) and permissions, both in lower case. */
export interface ScopeSet {
  readonly resource: string;
  readonly permissions: ReadonlySet<string>;
}

/** The resource of a scope, in lower case: what stands before its last slash, '' for Microsoft Graph. */
export function resourceOf(scope: string): string {
  const resource = scope.slice(0, Math.max(0, scope.lastIndexOf('/'))).toLowerCase();
  return GRAPHS.has(resource) ? '' : resource;
}

/** Whether a scope is one of OpenID Connect's own, asked at every sign-in and of no resource. */
export function isOidcScope(scope: string): boolean {
  return OIDC_SCOPES.has(scope.toLowerCase());
}

/**
 * The scopes of one resource, split at each last slash; OpenID Connect's own are left out.
 *
 * Letter case and a Graph prefix carry no meaning: Entra answers with either
 * (https://learn.microsoft.com/entra/identity-platform/scopes-oidc).
 */
export function scopeSet(scopes: readonly string[]): ScopeSet {
  const own = scopes.filter((scope) => !isOidcScope(scope));
  const permissions = own.map((scope) => scope.slice(scope.lastIndexOf('/') + 1).toLowerCase());
  return { resource: resourceOf(own[0] ?? ''), permissions: new Set(permissions) };
}
