/** What sets one access token's place apart from another's: tenant, resource and scopes. */
import type { ScopeSet } from '../scope-set.ts';

/** One text for each (tenant, resource, set of permissions); the tenant signed in to has no name here. */
export function slotKey(tenantId: string | undefined, { resource, permissions }: ScopeSet): string {
  return `${tenantId?.toLowerCase() ?? ''} ${resource} ${[...permissions].sort().join(' ')}`;
}
