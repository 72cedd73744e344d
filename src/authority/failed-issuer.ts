/** Whether a token's issuer is the authority, and the key it is signed with may speak for that issuer. */
import type { AuthoritySettings } from '../config/settings.ts';
import type { SigningKey } from './signing-key.ts';
import { isIssuerOf, issuerFor, PERSONAL_TENANT } from './tenant.ts';

export interface ExpectedIssuer {
  readonly authority: AuthoritySettings;
  /** Of the discovery document; may hold `{tenantid}`. */
  readonly issuer: string;
}

/** The check that fails, if one does. */
export function failedIssuer(
  { authority, issuer }: ExpectedIssuer,
  iss: string,
  key: SigningKey,
): 'iss' | 'tid' | 'key issuer' | undefined {
  if (!isIssuerOf(issuer, iss)) return 'iss';
  if (authority.kind === 'oidc') return undefined;
  const tenantId = tenantOf(iss);
  const isForWorkOnly = authority.tenantId.toLowerCase() === 'organizations';
  if (tenantId === PERSONAL_TENANT && isForWorkOnly) return 'tid';
  const isKeyOfIssuer = key.issuer === undefined || issuerFor(key.issuer, tenantId) === iss;
  return isKeyOfIssuer ? undefined : 'key issuer';
}

/** The tenant of an issuer of Entra ID. */
export function tenantOf(iss: string): string {
  return new URL(iss).pathname.split('/')[1] ?? '';
}
