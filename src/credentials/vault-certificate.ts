/** A certificate of a key vault, fetched with its private key: `KeyVault`. */
import type { SecretClient } from '@azure/keyvault-secrets';
import { CertificateProblem } from '../certificates/certificate-problem.ts';
import { readCertificate } from '../certificates/read-certificate.ts';
import { azureCall } from './azure-sdk.ts';
import { azureFailure } from './azure-failure.ts';
import { certificateCredential } from './certificate-credential.ts';
import { CredentialUnusable, type LoadedCredential } from './credential-source.ts';
import type { VaultCredential } from '../config/settings.ts';

/**
 * The newest version, as the vault keeps it: the certificate with its key is the secret of the same name
 * (https://learn.microsoft.com/azure/key-vault/certificates/about-certificates).
 *
 * @throws {CredentialUnusable}
 */
export async function fetchVaultCertificate(
  client: Pick<SecretClient, 'getSecret'>,
  { vaultUrl, certificateName, sendX5c }: VaultCredential,
): Promise<LoadedCredential> {
  const what = `the vault ${vaultUrl.origin}`;
  const { value = '', properties } = await azureCall((options) =>
    client.getSecret(certificateName, options),
  ).catch((error: unknown) => {
    throw azureFailure(error, {
      what,
      role: 'Key Vault Secrets User',
      absent: `has no certificate ${certificateName}`,
    });
  });
  const isPem = properties.contentType === 'application/x-pem-file';
  const certificate = Buffer.from(value, isPem ? 'utf8' : 'base64');
  const name = `the vault’s certificate ${certificateName}`;
  const read = readCertificate({ certificate });
  if (read instanceof CertificateProblem) {
    const exportable =
      'Make its key exportable, or use SignedAssertionFromVault, which leaves it there.';
    const fix = read.isKeyMissing ? exportable : read.fix;
    throw new CredentialUnusable(`${name} ${read.problem}`, { fix, trouble: { kind: 'unfit' } });
  }
  return certificateCredential(read, name, sendX5c);
}
