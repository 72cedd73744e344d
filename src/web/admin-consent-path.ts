/** Where an administrator may consent for the organisation to what a person was refused. */
import type { AccountDetails } from '../broker/account.ts';
import { cloudOf, GRAPH_HOSTS } from '../config/clouds.ts';
import type { Settings } from '../config/settings.ts';
import type { SignInFailed } from '../errors.ts';
import { isOidcScope } from '../scope-set.ts';
import type { Context, Parts } from './context.ts';
import type { Challenge } from './sealed-challenges.ts';

/** What is asked for at a sign-in that asks for no API. */
const IDENTITY = ['openid', 'profile', 'offline_access'];
/** No consent, declined, only for an administrator, and asked of one: for words, and for nothing else. */
const CONSENT_CODES = [65001, 65004, 90094, 90095];
const DECLINED = 65004;

/** An address of this site for what `account` lacks, or empty where there is no administrator to ask. */
export function adminConsentPath(
  parts: Parts,
  ctx: Context,
  scopes: readonly string[],
  account: AccountDetails | undefined = ctx.state.account,
): string {
  const { tenantId } = account?.identity ?? {};
  if (!account || scopes.length === 0 || !parts.authority.hasAdministrators(tenantId)) return '';
  const { returnTo = '/' } = ctx.state;
  const tenant = tenantId === undefined ? {} : { tenantId };
  return pathOf(parts, { accountId: account.id, scopes: [...scopes], returnTo, ...tenant });
}

/**
 * The same for a sign-in that failed: of an account that is signed in here, or of somebody whose tenant
 * is not known, as they could not be let in for want of consent.
 */
export function adminConsentPathFor(parts: Parts, ctx: Context, error: SignInFailed): string {
  const { account, expectedAccountId } = ctx.state;
  if (account && account.id === expectedAccountId) {
    return adminConsentPath(parts, ctx, error.scopes, account);
  }
  if (!isOfConsent(error) || !parts.authority.hasAdministrators(undefined)) return '';
  // Whoever opens it is not known to be the same person: it leads back to no page of theirs.
  return pathOf(parts, { scopes: error.scopes.length > 0 ? [...error.scopes] : IDENTITY });
}

/** Whether a sign-in failed as an administrator has to consent first, and not by the person's own no. */
export function needsAdministrator(error: SignInFailed): boolean {
  return isOfConsent(error) && !error.detail.errorCodes?.includes(DECLINED);
}

function isOfConsent({ detail }: SignInFailed): boolean {
  const isNamed = detail.errorCodes?.some((code) => CONSENT_CODES.includes(code)) ?? false;
  return isNamed || detail.error === 'consent_required';
}

function pathOf({ challenges }: Parts, wanted: Challenge): string {
  return `/admin-consent?${new URLSearchParams({ challenge: challenges.seal(wanted) })}`;
}

/** The scopes as an administrator is asked for them: each with its resource. */
export function fullScopes(settings: Settings, scopes: readonly string[]): readonly string[] {
  const graph = `https://${graphHost(settings)}`;
  return scopes.map((scope) =>
    scope.includes('/') || isOidcScope(scope) ? scope : `${graph}/${scope}`,
  );
}

/** Graph's own scopes are named without their resource, which is another in each cloud. */
function graphHost({ azureAd: { authority }, downstreamApis }: Settings): string {
  const called = downstreamApis.find(({ baseUrl }) => GRAPH_HOSTS.has(baseUrl.hostname));
  const cloud = authority.kind === 'entra' ? cloudOf(authority.instance) : undefined;
  return called?.baseUrl.hostname ?? cloud?.graphHosts[0] ?? 'graph.microsoft.com';
}
