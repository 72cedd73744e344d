/** External ID, the tenants for customers: its hosts, and issuers that have a host of their own. */
import { isLoopback } from '../loopback.ts';
import { isConcreteTenant, isGuid } from '../tenant-id.ts';
import { type Cloud, cloudAt, cloudOf, GLOBAL_CLOUD } from './clouds.ts';
import type { AuthoritySettings } from './settings.ts';

const SUFFIX = '.ciamlogin.com';

export function isExternalIdHost(hostname: string): boolean {
  return hostname.endsWith(SUFFIX);
}

/**
 * Whether the authority may be a tenant of External ID: at its host, or at a domain of the writer's own,
 * which looks like no cloud's.
 */
export function mayBeExternalId(authority: AuthoritySettings): boolean {
  if (authority.kind !== 'entra' || !isConcreteTenant(authority.tenantId)) return false;
  const { instance } = authority;
  return instance.protocol === 'https:' && !isLoopback(instance) && !cloudAt(instance.hostname);
}

/** The cloud that people sign in to; `undefined` where the authority is of none that is known. */
export function cloudOfAuthority(authority: AuthoritySettings): Cloud | undefined {
  if (authority.kind !== 'entra') return undefined;
  // External ID is in the global cloud only.
  return cloudOf(authority.instance) ?? (mayBeExternalId(authority) ? GLOBAL_CLOUD : undefined);
}

/** The tenant of an issuer of External ID, whose host and path name the same one. */
export function externalIdTenant(issuer: string): string | undefined {
  const [, tenantId = ''] = /^https:\/\/([0-9a-f-]{36})\.ciamlogin\.com\//i.exec(issuer) ?? [];
  const isWhole = issuer === `https://${tenantId}${SUFFIX}/${tenantId}/v2.0`;
  return isWhole && isGuid(tenantId) ? tenantId.toLowerCase() : undefined;
}

/** The tenant that a host stands for where none is named: `contoso` is `contoso.onmicrosoft.com`. */
export function tenantOfHost(hostname: string): string {
  const name = hostname.slice(0, -SUFFIX.length);
  return isGuid(name) ? name : `${name}.onmicrosoft.com`;
}

/** The hosts of one tenant: of its GUID and, where the settings name the tenant so, of its name. */
export function hostsOfTenant(tenantId: string, configured: string): readonly string[] {
  const [, name] = /^([a-z0-9-]+)\.onmicrosoft\.com$/i.exec(configured) ?? [];
  return [tenantId, ...(name === undefined ? [] : [name])].map((each) =>
    `${each}${SUFFIX}`.toLowerCase(),
  );
}

/** Whether a path looks as none but Entra ID's does: one tenant, and the version. */
export function isTenantPath(pathname: string): boolean {
  const [, tenant = '', ...more] = pathname.replace(/\/$/, '').split('/');
  const isTenant = isGuid(tenant) || /^[a-z0-9-]+\.onmicrosoft\.com$/i.test(tenant);
  return isTenant && more.join('/') === 'v2.0';
}
