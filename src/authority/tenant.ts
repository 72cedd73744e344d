/** Issuers of Entra ID, which stand for one tenant or by a template for all. */
import { isGuid } from '../tenant-id.ts';

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
