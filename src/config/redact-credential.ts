/** Shows the credentials in the settings' own names: what tells it from others, and nothing secret. */
import { readCertificateFiles } from '../certificates/certificate-files.ts';
import { CertificateProblem } from '../certificates/certificate-problem.ts';
import { readCertificate } from '../certificates/read-certificate.ts';
import type { ClientCredential } from './settings.ts';

const HIDDEN = '***';

/** The keys of the section that say how this site proves who it is. */
export function redactCredentials(
  credentials: readonly ClientCredential[],
): Record<string, unknown> {
  const isSecret = ({ key }: ClientCredential) => key === 'AzureAd:ClientSecret';
  const described = credentials.filter((credential) => !isSecret(credential));
  return {
    ...(described.length > 0 && {
      ClientCredentials: described.map((credential) => ({
        SourceType: credential.sourceType,
        ...details(credential),
      })),
    }),
    ...(credentials.some(isSecret) && { ClientSecret: HIDDEN }),
  };
}

function details(credential: ClientCredential): Record<string, unknown> {
  switch (credential.sourceType) {
    case 'ClientSecret':
      return { ClientSecret: HIDDEN };
    case 'Path':
      return {
        CertificateDiskPath: credential.certificateFile,
        ...(credential.privateKeyFile !== undefined && {
          PrivateKeyDiskPath: credential.privateKeyFile,
        }),
        ...certificateKeys(readCertificateFiles(credential)),
        SendX5C: credential.sendX5c,
      };
    case 'Base64Encoded': {
      const { bytes, password, sendX5c } = credential;
      const read = readCertificate({ certificate: bytes, password });
      return { ...certificateKeys(read), SendX5C: sendX5c };
    }
    case 'KeyVault':
    case 'SignedAssertionFromVault':
      return {
        KeyVaultUrl: credential.vaultUrl.href,
        KeyVaultCertificateName: credential.certificateName,
        ...identityKeys(credential.managedIdentityClientId),
        SendX5C: credential.sendX5c,
      };
    case 'SignedAssertionFilePath':
      return { SignedAssertionFileDiskPath: credential.file };
    case 'SignedAssertionFromManagedIdentity':
      return {
        TokenExchangeUrl: credential.audience,
        ...identityKeys(credential.managedIdentityClientId),
      };
    case 'CustomSignedAssertion': {
      const hidden = Object.keys(credential.data).map((name) => [name, HIDDEN]);
      return {
        CustomSignedAssertionProviderName: credential.module,
        CustomSignedAssertionProviderData: Object.fromEntries(hidden),
      };
    }
  }
}

function certificateKeys(read: ReturnType<typeof readCertificate>): Record<string, unknown> {
  if (read instanceof CertificateProblem) return { Problem: read.problem };
  const { subject, validTo, sha256 } = read.certificate;
  return {
    Subject: subject,
    ValidTo: new Date(validTo).toISOString(),
    Sha256: Buffer.from(sha256, 'base64url').toString('hex'),
    PrivateKey: HIDDEN,
  };
}

function identityKeys(clientId: string | undefined): Record<string, unknown> {
  return clientId === undefined ? {} : { ManagedIdentityClientId: clientId };
}
