/** Whether an account that was kept may be used: by its authority, and by the tenants that are let in. */
import type { Settings } from '../config/settings.ts';
import { isTenantAllowed } from '../config/tenant-lists.ts';
import type { Identity } from '../token-response.ts';
import { mayHaveIssued } from './tenant.ts';

/**
 * Settings change while accounts are kept. One of another authority is of no use here: its refresh
 * token is never sent to this one, least of all to another cloud. One whose tenant was denied since is
 * let in no more.
 */
export function isAdmitted(
  { authority, tenants }: Pick<Settings['azureAd'], 'authority' | 'tenants'>,
  { issuer, tenantId }: Pick<Identity, 'issuer' | 'tenantId'>,
): boolean {
  return mayHaveIssued(authority, issuer) && isTenantAllowed(tenants, tenantId);
}
