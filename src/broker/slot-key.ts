/** What sets one access token's place apart from another's: tenant, resource and scopes. */
import type { ScopeSet } from '../scope-set.ts';

/** One text for each (tenant, resource, set of permissions); the tenant signed in to has no name here. */
export function slotKey(tenantId: string | undefined, { resource, permissions }: ScopeSet): string {
  return `${tenantId?.toLowerCase() ?? ''} ${resource} ${[...permissions].sort().join(' ')}`;
}

/** What a key was made of: no part of a scope holds a space. */
export function readSlotKey(key: string) {
  const [tenantId, resource = '', ...asked] = key.split(' ');
  return { tenantId: tenantId || undefined, resource, asked: asked.filter((each) => each !== '') };
}
