/** What a token of another issuer must be made out to, so that Entra ID takes it as a credential. */
import type { AuthoritySettings } from './settings.ts';

const AUDIENCE = 'api://AzureADTokenExchange';
const OF_CLOUD: Readonly<Record<string, string>> = {
  'login.microsoftonline.us': `${AUDIENCE}USGov`,
  'login.partner.microsoftonline.cn': `${AUDIENCE}China`,
};

/** By the cloud (https://learn.microsoft.com/entra/workload-id/workload-identity-federation); none elsewhere. */
export function tokenExchangeAudience(authority: AuthoritySettings): string | undefined {
  if (authority.kind !== 'entra') return undefined;
  return OF_CLOUD[authority.instance.hostname] ?? AUDIENCE;
}
