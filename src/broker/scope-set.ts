/** Scopes as the Microsoft identity platform compares them: one resource and a set of permissions. */

const OIDC_SCOPES = new Set(['openid', 'profile', 'email', 'offline_access']);

/** Hosts of Microsoft Graph, which a scope without a prefix means; one cloud's are never mixed with another's. */
const GRAPH_HOSTS = new Set([
  'https://graph.microsoft.com',
  'https://graph.microsoft.us',
  'https://dod-graph.microsoft.us',
  'https://microsoftgraph.chinacloudapi.cn',
]);

/** What an access token is for: the resource ('' is Microsoft Graph) and permissions, both in lower case. */
export interface ScopeSet {
  readonly resource: string;
  readonly permissions: ReadonlySet<string>;
}

/**
 * The scopes of one resource, split at each last slash; OpenID Connect's own are left out.
 *
 * Letter case and a Graph prefix carry no meaning: Entra answers with either
 * (https://learn.microsoft.com/entra/identity-platform/scopes-oidc).
 */
export function scopeSet(scopes: readonly string[]): ScopeSet {
  let resource = '';
  const permissions = new Set<string>();
  for (const scope of scopes.map((each) => each.toLowerCase())) {
    if (OIDC_SCOPES.has(scope)) continue;
    const slash = scope.lastIndexOf('/');
    if (slash > 0) resource = scope.slice(0, slash);
    permissions.add(scope.slice(slash + 1));
  }
  return { resource: GRAPH_HOSTS.has(resource) ? '' : resource, permissions };
}

/** The name of a token's place in an account record. */
export function slotKey({ resource, permissions }: ScopeSet): string {
  return `${resource} ${[...permissions].sort().join(' ')}`;
}
