/** Reads where people sign in: a tenant of a Microsoft cloud, or any OpenID Connect issuer. */
import { isLoopback } from '../loopback.ts';
import { isConcreteTenant } from '../tenant-id.ts';
import { canonicalHost, cloudAt, isClosedCloud } from './clouds.ts';
import { isExternalIdHost, isTenantPath, tenantOfHost } from './external-id.ts';
import { isPlaceholder } from './placeholder.ts';
import { readUrl } from './read-url.ts';
import type { Section } from './section.ts';
import type { AuthoritySettings } from './settings.ts';

type AuthorityKey = 'Instance' | 'TenantId' | 'Authority';

const DEFAULT_INSTANCE = 'https://login.microsoftonline.com/';
const TENANT_EXAMPLE =
  'Set it to the directory (tenant) ID of the app registration, a domain of the tenant, ' +
  'common, organizations or consumers.';
const COMMON = /^(common|organizations|consumers)$/i;

/** The authority; `TenantId` comes before `Authority`, as in Microsoft.Identity.Web. */
export function readAuthority<Key extends string>(
  section: Section<Key | AuthorityKey>,
): AuthoritySettings | undefined {
  if (section.has('TenantId') || !section.has('Authority')) return readTenant(section);
  if (section.has('Instance')) {
    const problem = 'is ignored, because TenantId is absent and Authority is given';
    section.warn('Instance', problem, 'Remove it; or give TenantId, and remove Authority.');
  }
  const url = readUrl(section, 'Authority', {
    example: 'https://login.microsoftonline.com/common/v2.0',
    path: true,
  });
  if (!url || isUnusableHost(section, 'Authority', url)) return undefined;
  if (isExternalIdHost(url.hostname) && url.pathname === '/') {
    return entra(section, 'Authority', url, tenantOfHost(url.hostname));
  }
  const isTenants = cloudAt(url.hostname) || isExternalIdHost(url.hostname);
  // A domain of the writer's own for External ID: its issuer has another host, so it is no plain one.
  const isOwnDomain = url.protocol === 'https:' && isTenantPath(url.pathname) && !isLoopback(url);
  return isTenants || isOwnDomain ? entraFrom(section, url) : oidcFrom(section, url);
}

function readTenant<Key extends string>(
  section: Section<Key | AuthorityKey>,
): AuthoritySettings | undefined {
  if (section.has('Authority')) {
    const fix = 'Remove it; or remove TenantId and Instance.';
    section.warn('Authority', 'is ignored, because TenantId is given', fix);
  }
  const instance = section.has('Instance')
    ? readUrl(section, 'Instance', { example: DEFAULT_INSTANCE, path: false })
    : new URL(DEFAULT_INSTANCE);
  const isExternal = instance !== undefined && isExternalIdHost(instance.hostname);
  const tenantId =
    isExternal && !section.has('TenantId')
      ? tenantOfHost(instance.hostname)
      : section.requiredText('TenantId', TENANT_EXAMPLE);
  if (tenantId !== undefined && !isTenant(tenantId)) {
    section.fault('TenantId', 'is no GUID, no domain and none of the common names', TENANT_EXAMPLE);
    return undefined;
  }
  if (!instance || isUnusableHost(section, 'Instance', instance)) return undefined;
  return tenantId === undefined ? undefined : entra(section, 'TenantId', instance, tenantId);
}

function entraFrom<Key extends string>(
  section: Section<Key | AuthorityKey>,
  url: URL,
): AuthoritySettings | undefined {
  const tenantId = /^\/([^/]+)(?:\/v2\.0)?\/?$/.exec(url.pathname)?.[1];
  if (tenantId && isTenant(tenantId)) {
    return entra(section, 'Authority', new URL('/', url), tenantId);
  }
  const isSample = tenantId !== undefined && isPlaceholder(tenantId);
  const problem = isSample ? 'still holds a placeholder' : 'does not name a tenant';
  section.fault('Authority', problem, `Write it like ${url.origin}/common/v2.0.`);
  return undefined;
}

/** The issuer stays as written, but that a bare origin gets the slash that every URL has. */
function oidcFrom<Key extends string>(
  section: Section<Key | AuthorityKey>,
  issuer: URL,
): AuthoritySettings | undefined {
  if (!issuer.pathname.includes('/.well-known/')) return { kind: 'oidc', issuer };
  const fix = 'Leave out /.well-known/openid-configuration: this site adds it.';
  section.fault('Authority', 'is the address of a document, not an issuer', fix);
  return undefined;
}

function isUnusableHost<Key extends string>(
  section: Section<Key | AuthorityKey>,
  key: AuthorityKey,
  { hostname }: URL,
): boolean {
  const canonical = canonicalHost(hostname);
  // The same host for a name server, and for nothing that is compared here.
  if (hostname.endsWith('.')) {
    section.fault(key, 'names a host that ends in a dot', 'Leave out that dot.');
  } else if (canonical !== undefined) {
    section.fault(key, `names ${hostname}, an old name`, `Write ${canonical} in its place.`);
  } else if (hostname.endsWith('.b2clogin.com')) {
    section.fault(key, 'is Azure AD B2C, which is not supported', 'Use an Entra ID tenant.');
  } else if (isClosedCloud(hostname)) {
    const fix = 'Use the cloud that the tenant was moved to.';
    section.fault(key, 'is the cloud of Germany that was closed in 2021', fix);
  } else return false;
  return true;
}

function isTenant(text: string): boolean {
  return isConcreteTenant(text) || COMMON.test(text);
}

function entra<Key extends string>(
  section: Section<Key | AuthorityKey>,
  key: AuthorityKey,
  instance: URL,
  tenantId: string,
): AuthoritySettings | undefined {
  if (isExternalIdHost(instance.hostname) && COMMON.test(tenantId)) {
    const fix = `Name it, as ${tenantOfHost(instance.hostname)}.`;
    section.fault(key, 'is for many tenants, and External ID is of one', fix);
    return undefined;
  }
  return { kind: 'entra', instance, tenantId: tenantId.toLowerCase() };
}
