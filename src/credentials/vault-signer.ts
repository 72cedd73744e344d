/** A certificate of a key vault whose key stays there: the vault signs. `SignedAssertionFromVault`. */
import { createHash, X509Certificate } from 'node:crypto';
import type { CertificateClient } from '@azure/keyvault-certificates';
import type { CryptographyClient } from '@azure/keyvault-keys';
import { certificateOf } from '../certificates/certificate.ts';
import { unfitness } from '../certificates/read-certificate.ts';
import type { VaultCredential } from '../config/settings.ts';
import { azureFailure } from './azure-failure.ts';
import { azureCall } from './azure-sdk.ts';
import { signedBy } from './certificate-credential.ts';
import { CredentialUnusable, type LoadedCredential } from './credential-source.ts';

export interface VaultSigning {
  readonly certificates: Pick<CertificateClient, 'getCertificate'>;
  readonly signerOf: (keyId: string) => Pick<CryptographyClient, 'sign'>;
}

/**
 * The newest version's certificate; each signature is one call to the vault, by that version's key.
 * An assertion is signed for each use, as one that is used twice is refused by strict authorities.
 *
 * @throws {CredentialUnusable}
 */
export async function fetchVaultSigner(
  { certificates, signerOf }: VaultSigning,
  { vaultUrl, certificateName, sendX5c }: VaultCredential,
): Promise<LoadedCredential> {
  const what = `the vault ${vaultUrl.origin}`;
  const absent = `has no certificate ${certificateName}`;
  const { cer, keyId } = await azureCall((options) =>
    certificates.getCertificate(certificateName, options),
  ).catch((error: unknown) => {
    const role = 'Key Vault Certificate User';
    throw azureFailure(error, { what, role, absent });
  });
  if (!cer || !keyId) {
    const fix = 'Finish the certificate’s creation in the vault.';
    const trouble = { kind: 'unfit' } as const;
    throw new CredentialUnusable(`${what}: ${certificateName} is not complete`, { fix, trouble });
  }
  const leaf = new X509Certificate(cer);
  const unfit = unfitness(leaf.publicKey);
  if (unfit) {
    throw new CredentialUnusable(`${what}: ${certificateName} ${unfit.problem}`, {
      fix: unfit.fix,
      trouble: { kind: 'unfit' },
    });
  }
  const signer = signerOf(keyId);
  return signedBy(certificateOf([leaf]), sendX5c, async (algorithm, data) => {
    const digest = createHash('sha256').update(data).digest();
    const { result } = await azureCall((options) => signer.sign(algorithm, digest, options)).catch(
      (error: unknown) => {
        throw azureFailure(error, { what, role: 'Key Vault Crypto User', absent });
      },
    );
    return Buffer.from(result);
  });
}
