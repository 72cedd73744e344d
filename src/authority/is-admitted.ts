/** Whether an account that was kept may be used: by its authority, and by the tenants that are let in. */
import type { Settings } from '../config/settings.ts';
import { isTenantAllowed } from '../config/tenant-lists.ts';
import { isConcreteTenant, isGuid } from '../tenant-id.ts';
import type { Identity } from '../token-response.ts';
import { isOfRegistration, ownName } from './own-name.ts';
import { mayHaveIssued } from './tenant.ts';

interface KeptAccount {
  readonly identity: Pick<Identity, 'issuer' | 'tenantId'>;
  /** What the authority was called when it signed in; older records do not tell. */
  readonly authority?: string | undefined;
}

/**
 * Settings change while accounts are kept. One of another authority, or of another registration, is of
 * no use here: its refresh token is never sent to this one, least of all to another cloud. One whose
 * tenant was denied since is let in no more. `own` is what the settings call this site now: given by
 * those who ask often.
 */
export function isAdmitted(
  azureAd: Pick<Settings['azureAd'], 'authority' | 'clientId' | 'tenants'>,
  { identity, authority }: KeptAccount,
  own = ownName(azureAd),
): boolean {
  if (!mayHaveIssued(azureAd.authority, identity.issuer)) return false;
  if (authority !== undefined && authority !== own) {
    // Tokens and roles are of one registration; and issuers do not tell which tenant has a domain.
    if (isNamedByDomain(azureAd) || !isOfRegistration(authority, azureAd.clientId)) return false;
  }
  return isTenantAllowed(azureAd.tenants, identity.tenantId);
}

function isNamedByDomain({ authority }: Pick<Settings['azureAd'], 'authority'>): boolean {
  if (authority.kind === 'oidc') return false;
  return isConcreteTenant(authority.tenantId) && !isGuid(authority.tenantId);
}
