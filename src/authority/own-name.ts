/** What this site is called: its registration and the authority that has it, in one text. */
import type { Settings } from '../config/settings.ts';

/** Another one after a change of settings, so that nothing of before is taken for this site's. */
export function ownName({
  authority,
  clientId,
}: Pick<Settings['azureAd'], 'authority' | 'clientId'>): string {
  const where =
    authority.kind === 'entra'
      ? new URL(authority.tenantId, authority.instance).href
      : authority.issuer.href;
  return `${clientId} ${where}`;
}

/** Whether such a text is of a registration, at whatever authority. */
export function isOfRegistration(name: string, clientId: string): boolean {
  return name.startsWith(`${clientId} `);
}
