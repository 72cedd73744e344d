/** Loads the packages of the Azure SDK that some credentials need, and no others. */
import type { VaultCredential } from '../config/settings.ts';
import { optionalPackage } from '../optional-package.ts';

/** For each call to Azure: its retries are included. */
const AZURE_MS = 5000;
/** Its own would try for a minute, in which people wait. */
const retryOptions = { maxRetries: 1, retryDelayInMs: 200, maxRetryDelayInMs: 1000 };

/** One call, given up after its time even where the library goes on: it may start other programs. */
export async function azureCall<T>(
  call: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const abortSignal = AbortSignal.timeout(AZURE_MS);
  const { promise: late, reject } = Promise.withResolvers<never>();
  abortSignal.addEventListener('abort', () => reject(abortSignal.reason), { once: true });
  // Called within a promise: what it throws at once must not leave the other one unheard.
  return await Promise.race([(async () => await call({ abortSignal }))(), late]);
}

/** Who asks Azure for this site: `@azure/identity`. @throws {Misconfigured} not installed. */
async function azureIdentity(key: string) {
  return await optionalPackage(key, '@azure/identity', () => import('@azure/identity'));
}

/** Whoever this process runs as in Azure, or on a developer's machine. @throws {Misconfigured} */
async function ambientIdentity({ key, managedIdentityClientId, authorityHost }: VaultAddress) {
  // An identity that is named is meant, whatever else the environment holds.
  if (managedIdentityClientId !== undefined)
    return await managedIdentity(key, managedIdentityClientId);
  const { DefaultAzureCredential } = await azureIdentity(key);
  return authorityHost === undefined
    ? new DefaultAzureCredential({ retryOptions })
    : new DefaultAzureCredential({ authorityHost, retryOptions });
}

export async function managedIdentity(key: string, clientId: string | undefined) {
  const { ManagedIdentityCredential } = await azureIdentity(key);
  return clientId === undefined
    ? new ManagedIdentityCredential({ retryOptions })
    : new ManagedIdentityCredential({ clientId, retryOptions });
}

export type VaultAddress = Pick<
  VaultCredential,
  'key' | 'vaultUrl' | 'managedIdentityClientId' | 'authorityHost'
>;

/** @throws {Misconfigured} a package is not installed. */
export async function vaultSecrets(address: VaultAddress) {
  const { key, vaultUrl } = address;
  const secrets = () => import('@azure/keyvault-secrets');
  const { SecretClient } = await optionalPackage(key, '@azure/keyvault-secrets', secrets);
  const identity = await ambientIdentity(address);
  return new SecretClient(vaultUrl.href, identity, { retryOptions });
}

/** @throws {Misconfigured} a package is not installed. */
export async function vaultSigning(address: VaultAddress) {
  const { key, vaultUrl } = address;
  const certificates = () => import('@azure/keyvault-certificates');
  const keys = () => import('@azure/keyvault-keys');
  const { CertificateClient } = await optionalPackage(
    key,
    '@azure/keyvault-certificates',
    certificates,
  );
  const { CryptographyClient } = await optionalPackage(key, '@azure/keyvault-keys', keys);
  const identity = await ambientIdentity(address);
  return {
    certificates: new CertificateClient(vaultUrl.href, identity, { retryOptions }),
    signerOf: (keyId: string) => new CryptographyClient(keyId, identity, { retryOptions }),
  };
}
