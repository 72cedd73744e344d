/** Issuers, of Entra ID above all: which stand for one tenant, or by a template for all. */
import { externalIdTenant, mayBeExternalId } from '../config/external-id.ts';
import type { AuthoritySettings, EntraSettings } from '../config/settings.ts';
import { isGuid, PERSONAL_TENANT } from '../tenant-id.ts';

type PlainSettings = Extract<AuthoritySettings, { kind: 'oidc' }>;

/** An issuer template with its tenant filled in; an issuer without a template stays as it is. */
export function issuerFor(template: string, tenantId: string): string {
  return template.replaceAll(/\{tenantid\}/gi, () => tenantId);
}

/**
 * Whether `issuer` may speak under `template`: exactly it or, where it holds `{tenantid}`, with
 * any tenant's GUID in that place.
 */
export function isIssuerOf(template: string, issuer: string): boolean {
  const [start, end, ...rest] = template.split('{tenantid}');
  if (start === undefined || end === undefined || rest.length > 0) return issuer === template;
  const tenantId = issuer.slice(start.length, issuer.length - end.length);
  return isGuid(tenantId) && issuer === `${start}${tenantId}${end}`;
}

/** The tenant that an issuer names, or `{tenantid}`; `undefined` for an issuer of another authority. */
export function tenantInIssuer(authority: EntraSettings, issuer: string): string | undefined {
  const external = mayBeExternalId(authority) ? externalIdTenant(issuer) : undefined;
  if (external !== undefined) return external;
  const start = `${authority.instance.origin}/`;
  const end = '/v2.0';
  if (!issuer.startsWith(start) || !issuer.endsWith(end)) return undefined;
  return issuer.slice(start.length, -end.length);
}

/** Whether a plain authority calls itself so: a URL does not tell whether a bare origin had its slash. */
export function isPlainIssuer(
  { issuer: { href, pathname } }: PlainSettings,
  issuer: string,
): boolean {
  return issuer === href || (pathname === '/' && `${issuer}/` === href);
}

/** Whether an authority may have issued a token under an issuer: by the settings alone. */
export function mayHaveIssued(authority: AuthoritySettings, issuer: string): boolean {
  if (authority.kind === 'oidc') return isPlainIssuer(authority, issuer);
  const tenantId = tenantInIssuer(authority, issuer)?.toLowerCase() ?? '';
  if (!isGuid(tenantId)) return false;
  switch (authority.tenantId) {
    case 'common':
      return true;
    case 'organizations':
      return tenantId !== PERSONAL_TENANT;
    case 'consumers':
      return tenantId === PERSONAL_TENANT;
    default:
      // Which tenant has a domain, only the authority could say.
      return !isGuid(authority.tenantId) || tenantId === authority.tenantId;
  }
}
