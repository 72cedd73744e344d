/** What a tenant of Entra ID is called: its GUID, or one of its domains. */

/** The tenant of all personal Microsoft accounts. */
export const PERSONAL_TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad';

export function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

/** Whether a name stands for one tenant: its GUID or a domain, and none of the names for many. */
export function isConcreteTenant(name: string): boolean {
  return isGuid(name) || (name.length <= 253 && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(name));
}
