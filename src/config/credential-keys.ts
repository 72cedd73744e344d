/** The keys that say how this site proves who it is. */
import { type DocumentedKey, NONE, REQUIRED, row } from './documented-key.ts';

const CREDENTIAL = 'AzureAd:ClientCredentials:<n>';

export const credentialKeys: readonly DocumentedKey[] = [
  row(
    'AzureAd:ClientCredentials',
    NONE,
    'A list, tried [in its order](#credentials), before `ClientSecret`',
  ),
  row(
    `${CREDENTIAL}:SourceType`,
    REQUIRED,
    '`Path`, `Base64Encoded`, `KeyVault`, `SignedAssertionFromVault`, `SignedAssertionFilePath`, `SignedAssertionFromManagedIdentity`, `CustomSignedAssertion` or `ClientSecret`',
  ),
  row(
    `${CREDENTIAL}:CertificateDiskPath`,
    NONE,
    'For `Path`: a PEM or PFX file, RSA of 2048 bits or more; read again when it changes',
  ),
  row(
    `${CREDENTIAL}:PrivateKeyDiskPath`,
    'the same file',
    'For `Path`: the private key in PEM, if it is in a file of its own',
  ),
  row(
    `${CREDENTIAL}:Base64EncodedValue`,
    NONE,
    'For `Base64Encoded`: a PFX in base64, or PEM, with certificate and private key',
  ),
  row(`${CREDENTIAL}:CertificatePassword`, NONE, 'The password of the PFX or the private key'),
  row(
    `${CREDENTIAL}:KeyVaultUrl`,
    NONE,
    'For `KeyVault` and `SignedAssertionFromVault`: `https://<vault>.vault.azure.net/`',
  ),
  row(`${CREDENTIAL}:KeyVaultCertificateName`, NONE, 'The certificate’s name in that vault'),
  row(
    `${CREDENTIAL}:ManagedIdentityClientId`,
    'the system’s',
    'The user-assigned managed identity that asks the vault, or whose tokens are the assertions',
  ),
  row(
    `${CREDENTIAL}:TokenExchangeUrl`,
    'the cloud’s `api://AzureADTokenExchange…`',
    'For `SignedAssertionFromManagedIdentity`: the audience of the identity’s tokens',
  ),
  row(
    `${CREDENTIAL}:SignedAssertionFileDiskPath`,
    '`AZURE_FEDERATED_TOKEN_FILE`, else `AZURE_ACCESS_TOKEN_FILE`',
    'For `SignedAssertionFilePath`: the file in which the platform keeps a token (workload identity)',
  ),
  row(
    `${CREDENTIAL}:CustomSignedAssertionProviderName`,
    NONE,
    'For `CustomSignedAssertion`: a module of your own that [gives assertions](#credentials)',
  ),
  row(
    `${CREDENTIAL}:CustomSignedAssertionProviderData:<name>`,
    NONE,
    'Texts that the module is given; `--check` shows their names only',
  ),
  row(`${CREDENTIAL}:ClientSecret`, NONE, 'For `ClientSecret`: the secret’s Value'),
  row(`${CREDENTIAL}:Skip`, '`false`', 'Pass this entry over'),
  row('AzureAd:ClientCertificates', NONE, 'The older name of `ClientCredentials`; tried after it'),
  row('AzureAd:SendX5C', '`false`', 'Send the certificate chain with each assertion'),
];
