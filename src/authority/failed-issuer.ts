/** Whether a token's issuer is the authority, and the key it is signed with may speak for that issuer. */

import { mayBeExternalId } from '../config/external-id.ts';
import type { AuthoritySettings, EntraSettings } from '../config/settings.ts';
import { PERSONAL_TENANT } from '../tenant-id.ts';
import type { AuthorityMetadata } from './metadata-document.ts';
import type { SigningKey } from './signing-key.ts';
import { isIssuerOf, issuerFor } from './tenant.ts';

export interface ExpectedIssuer {
  readonly authority: AuthoritySettings;
  readonly metadata: Pick<AuthorityMetadata, 'issuer' | 'cloudInstanceName'>;
}

/** The check that fails, if one does. */
export function failedIssuer(
  { authority, metadata }: ExpectedIssuer,
  iss: string,
  key: SigningKey,
): 'iss' | 'tid' | 'key issuer' | 'key cloud' | undefined {
  if (!isIssuerOf(metadata.issuer, iss)) return 'iss';
  if (authority.kind === 'oidc') return undefined;
  const tenantId = tenantOf(iss);
  const isForWorkOnly = authority.tenantId.toLowerCase() === 'organizations';
  if (tenantId.toLowerCase() === PERSONAL_TENANT && isForWorkOnly) return 'tid';
  if (!isKeyFor(authority, key, iss)) return 'key issuer';
  return isOfAnotherCloud(key, metadata) ? 'key cloud' : undefined;
}

/**
 * External ID has several names for one tenant, and keys that it shares with the global cloud: such a
 * key may name any of them, as long as it is that tenant's.
 */
function isKeyFor(authority: EntraSettings, key: SigningKey, iss: string): boolean {
  if (key.issuer === undefined) return true;
  const tenantId = tenantOf(iss);
  const issuer = issuerFor(key.issuer, tenantId);
  if (issuer === iss) return true;
  const bases = [authority.instance.origin, 'https://login.microsoftonline.com'];
  const names = bases.map((base) => `${base}/${tenantId}/v2.0`);
  return mayBeExternalId(authority) && names.includes(issuer);
}

/** Where both say which cloud they are of: older documents and keys do not. */
function isOfAnotherCloud(
  { cloud_instance_name: ofKey }: SigningKey,
  { cloudInstanceName: ofAuthority }: ExpectedIssuer['metadata'],
): boolean {
  return ofKey !== undefined && ofAuthority !== undefined && ofKey !== ofAuthority;
}

/** The tenant of an issuer of Entra ID. */
export function tenantOf(iss: string): string {
  return new URL(iss).pathname.split('/')[1] ?? '';
}
