/** Reads one entry of `ClientCredentials` or `ClientCertificates`, by its `SourceType`. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isGuid } from '../tenant-id.ts';
import { type Candidate, secretCandidate } from './candidate.ts';
import { readCertificateOnDisk, readInlineCertificate } from './certificate-description.ts';
import { tokenExchangeAudience } from './clouds.ts';
import { cloudOfAuthority } from './external-id.ts';
import { nearest } from './nearest.ts';
import { readPath } from './read-path.ts';
import { readUrl } from './read-url.ts';
import type { Section } from './section.ts';
import type { AuthoritySettings } from './settings.ts';
import { type CredentialKey, type SourceType, warnOfOtherSources } from './source-keys.ts';

export interface DescriptionContext {
  /** What file paths start from. */
  readonly directory: string;
  readonly now: number;
  readonly sendX5c: boolean;
  readonly authority: AuthoritySettings | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Read = (section: Section<CredentialKey>, context: DescriptionContext) => Candidate | undefined;

const SUPPORTED: Readonly<Record<SourceType, Read>> = {
  ClientSecret: readSecret,
  Path: readCertificateOnDisk,
  Base64Encoded: readInlineCertificate,
  KeyVault: (section, context) => readVault(section, context, 'KeyVault'),
  SignedAssertionFromVault: (section, context) =>
    readVault(section, context, 'SignedAssertionFromVault'),
  SignedAssertionFilePath: readAssertionFile,
  SignedAssertionFromManagedIdentity: readManagedIdentity,
  CustomSignedAssertion: readCustomAssertion,
};
/** What each of the others is, and what to use in its place. */
const NOT_SUPPORTED: Readonly<Record<string, readonly [problem: string, fix: string]>> = {
  Certificate: ['exists in .NET code only', 'Use Path, Base64Encoded or KeyVault.'],
  ...ofWindows('StoreWithThumbprint', 'StoreWithDistinguishedName', 'StoreWithSubjectName'),
  ManagedCertificate: ['needs Windows and its agents', 'Use KeyVault or Path.'],
  AutoDecryptKeys: ['is for encrypted tokens, which this site does not ask for', 'Remove it.'],
};

/** @returns `undefined` for an entry that is written wrongly, which is reported. */
export function readCredentialDescription(
  section: Section<CredentialKey>,
  context: DescriptionContext,
): Candidate | undefined {
  const known = Object.keys(SUPPORTED);
  const written = section.requiredText('SourceType', `Set it to one of ${known.join(', ')}.`);
  if (written === undefined) return undefined;
  const isWritten = ([name]: readonly [string, unknown]) =>
    name.toLowerCase() === written.toLowerCase();
  const foreign = Object.entries(NOT_SUPPORTED).find(isWritten);
  if (foreign) {
    // Fields of a source that is refused are not worth a word.
    const [name, [problem, fix]] = foreign;
    section.fault('SourceType', `is ${name}, which ${problem}`, fix);
    return undefined;
  }
  const supported = Object.entries(SUPPORTED).find(isWritten);
  section.refuseUnknownKeys();
  if (supported) {
    const [name, read] = supported;
    warnOfOtherSources(section, name);
    return read(section, context);
  }
  const near = nearest(written, [...known, ...Object.keys(NOT_SUPPORTED)]);
  const meant = near ? `Did you mean ${near}?` : `Known are ${known.join(', ')}.`;
  section.fault('SourceType', 'is not a source of credentials', meant);
  return undefined;
}

function readSecret(section: Section<CredentialKey>): Candidate | undefined {
  const secret = section.requiredText('ClientSecret', 'Set it to the secret’s Value.');
  if (secret === undefined) return undefined;
  return secretCandidate(section.path, section.pathOf('ClientSecret'), secret);
}

function readVault(
  section: Section<CredentialKey>,
  { sendX5c, authority, env }: DescriptionContext,
  sourceType: 'KeyVault' | 'SignedAssertionFromVault',
): Candidate | undefined {
  const example = 'https://my-vault.vault.azure.net/';
  if (!section.has('KeyVaultUrl'))
    section.fault('KeyVaultUrl', 'is missing', `Write it like ${example}.`);
  const vaultUrl = readUrl(section, 'KeyVaultUrl', { example, path: false });
  const fix = 'Set it to the certificate’s name in the vault.';
  const certificateName = section.requiredText('KeyVaultCertificateName', fix);
  const identity = readIdentity(section);
  if (!vaultUrl || certificateName === undefined) return undefined;
  if (vaultUrl.protocol !== 'https:') {
    section.fault('KeyVaultUrl', 'is not https', `Write it like ${example}.`);
    return undefined;
  }
  if (!/^[0-9a-z-]{1,127}$/i.test(certificateName)) {
    section.fault('KeyVaultCertificateName', 'is no name of a vault’s certificate', fix);
    return undefined;
  }
  const authorityHost = vaultAuthorityHost(authority, env);
  const credential = { sourceType, key: section.path, vaultUrl, certificateName, sendX5c };
  return { credential: { ...credential, managedIdentityClientId: identity, authorityHost } };
}

/** Of this site's own cloud: a secret of the environment is not for another one to see. */
function vaultAuthorityHost(
  authority: AuthoritySettings | undefined,
  { AZURE_AUTHORITY_HOST: given }: DescriptionContext['env'],
): string | undefined {
  const cloud = authority && cloudOfAuthority(authority);
  // The Azure SDK reads that variable itself, unless it is told a host.
  return cloud && !given ? `https://${cloud.host}` : undefined;
}

function readAssertionFile(
  section: Section<CredentialKey>,
  { directory, env }: DescriptionContext,
): Candidate | undefined {
  const { AZURE_FEDERATED_TOKEN_FILE: federated, AZURE_ACCESS_TOKEN_FILE: older } = env;
  const given = federated || older;
  const isWritten = section.has('SignedAssertionFileDiskPath');
  const file = isWritten
    ? readPath(section, 'SignedAssertionFileDiskPath', directory)
    : given && resolve(directory, given);
  if (isWritten && file === undefined) return undefined;
  if (!file) {
    const problem = 'is missing, and AZURE_FEDERATED_TOKEN_FILE is not set either';
    const fix = 'Set it to the file that the platform keeps a token in.';
    section.fault('SignedAssertionFileDiskPath', problem, fix);
    return undefined;
  }
  const credential = { sourceType: 'SignedAssertionFilePath', key: section.path, file } as const;
  if (existsSync(file)) return { credential };
  const key = section.pathOf('SignedAssertionFileDiskPath');
  const text = `names a file that does not exist: ${file}`;
  return { credential, problem: { key, text, fix: 'Correct the path, or mount the token.' } };
}

function readManagedIdentity(
  section: Section<CredentialKey>,
  { authority }: DescriptionContext,
): Candidate | undefined {
  const written = section.text('TokenExchangeUrl');
  const audience = written ?? ownAudience(authority);
  const managedIdentityClientId = readIdentity(section);
  if (audience === undefined) {
    const problem = 'is missing, and this authority has none that is known';
    // Without an authority nothing is known, and its own fault was told.
    if (authority)
      section.fault('TokenExchangeUrl', problem, 'Set it to what the authority expects.');
    return undefined;
  }
  const sourceType = 'SignedAssertionFromManagedIdentity';
  return { credential: { sourceType, key: section.path, managedIdentityClientId, audience } };
}

function ownAudience(authority: AuthoritySettings | undefined): string | undefined {
  return authority?.kind === 'entra' ? tokenExchangeAudience(authority.instance) : undefined;
}

function readCustomAssertion(
  section: Section<CredentialKey>,
  { directory }: DescriptionContext,
): Candidate | undefined {
  const fix = 'Set it to the path of a module that exports getAssertion.';
  if (!section.has('CustomSignedAssertionProviderName')) {
    section.fault('CustomSignedAssertionProviderName', 'is missing', fix);
  }
  const module = readPath(section, 'CustomSignedAssertionProviderName', directory);
  const data = Object.fromEntries(section.dictionary('CustomSignedAssertionProviderData'));
  if (module === undefined) return undefined;
  if (!existsSync(module)) {
    const problem = `names a module that does not exist: ${module}`;
    section.fault('CustomSignedAssertionProviderName', problem, fix);
    return undefined;
  }
  return { credential: { sourceType: 'CustomSignedAssertion', key: section.path, module, data } };
}

function readIdentity(section: Section<CredentialKey>): string | undefined {
  const clientId = section.text('ManagedIdentityClientId');
  if (clientId === undefined || isGuid(clientId)) return clientId;
  const fix = 'Set it to the client ID of a user-assigned managed identity, or remove it.';
  section.fault('ManagedIdentityClientId', 'is not a GUID', fix);
  return undefined;
}

function ofWindows(...names: string[]): Record<string, readonly [string, string]> {
  const fix = 'Export the certificate with its key as PFX or PEM and use Path, or use KeyVault.';
  return Object.fromEntries(names.map((name) => [name, ['is a store of Windows', fix] as const]));
}
