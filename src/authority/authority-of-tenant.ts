/** The same authority for another tenant: its own endpoints, issuer and signing keys, the same credential. */

import { Misconfigured } from '../errors.ts';
import { isConcreteTenant } from '../tenant-id.ts';
import type { Authority } from './create-authority.ts';
import { keepDiscovery } from './keep-discovery.ts';

/**
 * The authority that speaks for `tenantId` alone, at the same host; the given one without a
 * `tenantId`, or where it is that tenant's already. Nothing is asked yet.
 *
 * @throws {Misconfigured} `tenantId` is no tenant's GUID or domain, or the authority has no tenants.
 */
export function authorityOfTenant(authority: Authority, tenantId: string | undefined): Authority {
  if (tenantId === undefined) return authority;
  const { settings, otherTenants } = authority;
  if (settings.authority.kind !== 'entra') {
    throw new Misconfigured('A tenant was named, but only Entra ID has tenants.');
  }
  if (!isConcreteTenant(tenantId)) {
    throw new Misconfigured('A tenant must be named by its GUID or by one of its domains.');
  }
  const wanted = tenantId.toLowerCase();
  if (wanted === settings.authority.tenantId.toLowerCase()) return authority;
  const known = otherTenants.get(wanted);
  if (known) return known;
  const here = { ...settings.authority, tenantId: wanted };
  const made = {
    ...authority,
    settings: { ...settings, authority: here },
    ...keepDiscovery(here, authority),
  };
  otherTenants.set(wanted, made);
  return made;
}
