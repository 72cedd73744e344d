/** Tenant ids of Entra ID, and the issuers that stand for them. */

/** The tenant of all personal Microsoft accounts. */
export const PERSONAL_TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad';

export function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

/** Whether a name stands for one tenant: its GUID or a domain, and none of the names for many. */
export function isConcreteTenant(name: string): boolean {
  return isGuid(name) || (name.length <= 253 && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(name));
}

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
