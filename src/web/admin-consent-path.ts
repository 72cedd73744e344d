/** Where an administrator may consent for the organisation to what one account was refused. */
import type { Context, Parts } from './context.ts';

/** Graph's own scopes are named without their resource. */
const GRAPH = 'https://graph.microsoft.com';

/** An address of this site, or empty where there is no administrator to ask. */
export function adminConsentPath(
  { authority, challenges }: Parts,
  ctx: Context,
  scopes: readonly string[],
): string {
  const { account, returnTo = '/' } = ctx.state;
  const { tenantId } = account?.identity ?? {};
  if (!account || scopes.length === 0 || !authority.hasAdministrators(tenantId)) return '';
  const tenant = tenantId === undefined ? {} : { tenantId };
  const wanted = { accountId: account.id, scopes: [...scopes], returnTo, ...tenant };
  const challenge = challenges.seal(wanted);
  return `/admin-consent?${new URLSearchParams({ challenge })}`;
}

/** The scopes as an administrator is asked for them: each with its resource. */
export function fullScopes(scopes: readonly string[]): readonly string[] {
  return scopes.map((scope) => (scope.includes('/') ? scope : `${GRAPH}/${scope}`));
}
