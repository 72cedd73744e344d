/** Whether an account that was kept may be used: by its authority, and by the tenants that are let in. */
import type { Settings } from '../config/settings.ts';
import { isTenantAllowed } from '../config/tenant-lists.ts';
import type { Identity } from '../token-response.ts';

/**
 * Settings change while accounts are kept. One whose tenant was denied since is let in no more.
 */
export function isAdmitted(
  { tenants }: Pick<Settings['azureAd'], 'tenants'>,
  { tenantId }: Pick<Identity, 'tenantId'>,
): boolean {
  return isTenantAllowed(tenants, tenantId);
}
