/** Refuses whoever signed in to a tenant that this site is not open to. */

import type { RedeemedCode } from '../authority/redeem-code.ts';
import type { Settings } from '../config/settings.ts';
import { isTenantAllowed } from '../config/tenant-lists.ts';
import { SignInFailed } from '../errors.ts';
import { PERSONAL_TENANT } from '../tenant-id.ts';
import type { Context } from './context.ts';
import { signInPath } from './sign-in-links.ts';

/** What its page tells. */
export interface RefusedTenant {
  readonly tenantId: string;
  readonly isPersonal: boolean;
  /** Empty where the token does not say. */
  readonly username: string;
  /** Where another account can be chosen. */
  readonly signInUrl: string;
}

/**
 * The verdict goes by the tenant signed in to, for its guests too: that is whose data and rules are met.
 *
 * @throws {SignInFailed} `tenant-not-allowed`; nothing was kept.
 */
export function refuseTenant(
  { azureAd }: Settings,
  ctx: Context,
  { identity }: Pick<RedeemedCode, 'identity'>,
): void {
  const { tenantId = '', username = identity.name ?? '' } = identity;
  if (isTenantAllowed(azureAd.tenants, tenantId)) return;
  const signInUrl = signInPath(ctx.state.returnTo ?? '/', { prompt: 'select_account' });
  const isPersonal = tenantId.toLowerCase() === PERSONAL_TENANT;
  ctx.state.refusedTenant = { tenantId, isPersonal, username, signInUrl };
  throw new SignInFailed(
    'tenant-not-allowed',
    'You signed in with an organisation that this site is not open to.',
  );
}
