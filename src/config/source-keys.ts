/** Which keys an entry of `ClientCredentials` may hold, by its `SourceType`. */
import type { Section } from './section.ts';
import type { ClientCredential } from './settings.ts';

export type SourceType = ClientCredential['sourceType'];

const VAULT = ['KeyVaultUrl', 'KeyVaultCertificateName', 'ManagedIdentityClientId'] as const;

export const SOURCE_KEYS = {
  ClientSecret: ['ClientSecret'],
  Path: ['CertificateDiskPath', 'PrivateKeyDiskPath', 'CertificatePassword'],
  Base64Encoded: ['Base64EncodedValue', 'CertificatePassword'],
  KeyVault: VAULT,
  SignedAssertionFromVault: VAULT,
  SignedAssertionFilePath: ['SignedAssertionFileDiskPath'],
  SignedAssertionFromManagedIdentity: ['ManagedIdentityClientId', 'TokenExchangeUrl'],
  CustomSignedAssertion: ['CustomSignedAssertionProviderName', 'CustomSignedAssertionProviderData'],
} as const satisfies Readonly<Record<SourceType, readonly string[]>>;

type SourceKey = (typeof SOURCE_KEYS)[SourceType][number];
export type CredentialKey = 'SourceType' | 'Skip' | SourceKey;

const KEYS_BY_SOURCE: readonly (readonly [string, readonly SourceKey[]])[] =
  Object.entries(SOURCE_KEYS);
const ALL = new Set(KEYS_BY_SOURCE.flatMap(([, keys]) => keys));
export const CREDENTIAL_KEYS: readonly CredentialKey[] = ['SourceType', 'Skip', ...ALL];

/** Warns of keys that belong to other sources than the entry's own, which reads none of them. */
export function warnOfOtherSources(section: Section<CredentialKey>, sourceType: string): void {
  for (const key of ALL) {
    const sources = KEYS_BY_SOURCE.filter(([, keys]) => keys.includes(key)).map(([name]) => name);
    if (!section.has(key) || sources.includes(sourceType)) continue;
    const problem = `has no effect here: it belongs to SourceType ${sources.join(' or ')}`;
    section.warn(key, problem, 'Remove it, or correct the SourceType.');
  }
}
