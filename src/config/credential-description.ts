/** Reads one entry of `ClientCredentials` or `ClientCertificates`: a secret, or a certificate in PEM. */
import { resolve } from 'node:path';
import { nearest } from './nearest.ts';
import {
  PEM_FROM_PFX,
  type PemCertificate,
  PemProblem,
  readPemCertificate,
} from './pem-certificate.ts';
import { readTextFile } from './read-text-file.ts';
import type { Section } from './section.ts';
import type { ClientCredential } from './settings.ts';

export const CREDENTIAL_KEYS = [
  ...['SourceType', 'Skip', 'ClientSecret', 'Base64EncodedValue', 'CertificateDiskPath'],
  ...['PrivateKeyDiskPath', 'CertificatePassword'],
] as const;
type CredentialKey = (typeof CREDENTIAL_KEYS)[number];

/** A credential that is sound, and whether its time is now. */
export interface Candidate {
  readonly key: string;
  readonly credential: ClientCredential;
  /** Why it cannot be used now. */
  readonly outOfTime?: string;
  readonly expiresSoon?: string;
}

interface DescriptionContext {
  readonly directory: string;
  readonly now: number;
  readonly sendX5c: boolean;
}

const SUPPORTED = ['ClientSecret', 'Path', 'Base64Encoded'];
const NOT_SUPPORTED = [
  ...['KeyVault', 'Certificate', 'StoreWithThumbprint', 'StoreWithDistinguishedName'],
  ...['StoreWithSubjectName', 'SignedAssertionFromManagedIdentity', 'SignedAssertionFilePath'],
  ...['SignedAssertionFromVault', 'AutoDecryptKeys', 'CustomSignedAssertion', 'ManagedCertificate'],
];
const INSTEAD =
  'Export the certificate with its key as PEM and use SourceType Path, or use a client secret; ' +
  'then remove this entry.';
const SOON_MS = 14 * 24 * 3_600_000;

/** @returns `undefined` for an entry that cannot be used, which is reported. */
export function readCredentialDescription(
  section: Section<CredentialKey>,
  context: DescriptionContext,
): Candidate | undefined {
  const written = section.requiredText('SourceType', `Set it to ${SUPPORTED.join(' or ')}.`);
  if (written === undefined) return undefined;
  const type = [...SUPPORTED, ...NOT_SUPPORTED].find(
    (name) => name.toLowerCase() === written.toLowerCase(),
  );
  // Fields of a source that is refused are not worth a word.
  if (type !== undefined && NOT_SUPPORTED.includes(type)) {
    section.fault('SourceType', `is ${type}, which is not supported yet`, INSTEAD);
    return undefined;
  }
  section.refuseUnknownKeys();
  switch (type) {
    case 'ClientSecret': {
      const secret = section.requiredText('ClientSecret', 'Set it to the secret’s Value.');
      return secret === undefined
        ? undefined
        : { key: section.path, credential: { type: 'secret', secret } };
    }
    case 'Path':
      return readFromDisk(section, context);
    case 'Base64Encoded':
      return readInline(section, context);
    default: {
      const near = nearest(written, [...SUPPORTED, ...NOT_SUPPORTED]);
      const fix = near ? `Did you mean ${near}?` : `Known are ${SUPPORTED.join(', ')}.`;
      section.fault('SourceType', 'is not a source of credentials', fix);
      return undefined;
    }
  }
}

function readFromDisk(
  section: Section<CredentialKey>,
  context: DescriptionContext,
): Candidate | undefined {
  const fix = 'Set it to a PEM file that holds the certificate and its private key.';
  if (!section.has('CertificateDiskPath')) section.requiredText('CertificateDiskPath', fix);
  const certificate = readPemFile(section, 'CertificateDiskPath', context);
  const privateKey = readPemFile(section, 'PrivateKeyDiskPath', context);
  const isKeyGiven = section.has('PrivateKeyDiskPath');
  if (certificate === undefined || (isKeyGiven && privateKey === undefined)) return undefined;
  return candidate(section, { certificate, privateKey: privateKey ?? certificate }, context, {
    certificate: 'CertificateDiskPath',
    privateKey: isKeyGiven ? 'PrivateKeyDiskPath' : 'CertificateDiskPath',
  });
}

function readPemFile(
  section: Section<CredentialKey>,
  key: 'CertificateDiskPath' | 'PrivateKeyDiskPath',
  { directory }: DescriptionContext,
): string | undefined {
  const path = section.text(key);
  if (path === undefined) return undefined;
  const file = readTextFile(resolve(directory, path));
  if (/\.(pfx|p12)$/i.test(path)) {
    section.fault(key, 'is a PFX file, which is not supported yet', PEM_FROM_PFX);
  } else if (file.state === 'absent') {
    section.fault(key, `names a file that does not exist: ${path}`, 'Correct the path.');
  } else if (file.state === 'unreadable') {
    section.fault(key, `cannot be read (${file.code})`, 'Let this process read the file.');
  } else return file.content;
  return undefined;
}

function readInline(
  section: Section<CredentialKey>,
  context: DescriptionContext,
): Candidate | undefined {
  const fix = 'Set it to PEM, or to PEM in base64: certificate and private key.';
  const value = section.requiredText('Base64EncodedValue', fix);
  if (value === undefined) return undefined;
  // A PEM in one line, as an environment variable often holds it, has its line ends escaped.
  const pem = value.includes('-----BEGIN')
    ? value.replaceAll('\\n', '\n')
    : Buffer.from(value, 'base64').toString('latin1');
  return candidate(section, { certificate: pem, privateKey: pem }, context, {
    certificate: 'Base64EncodedValue',
    privateKey: 'Base64EncodedValue',
  });
}

function candidate(
  section: Section<CredentialKey>,
  texts: Readonly<Record<PemProblem['part'], string>>,
  { now, sendX5c }: DescriptionContext,
  keys: Readonly<Record<PemProblem['part'], CredentialKey>>,
): Candidate | undefined {
  const read = readPemCertificate({ ...texts, password: section.text('CertificatePassword') });
  if (read instanceof PemProblem) {
    section.fault(keys[read.part], read.problem, read.fix);
    return undefined;
  }
  const { certificate, privateKey } = read;
  return {
    key: section.path,
    credential: { type: 'certificate', certificate, privateKey, sendX5c },
    ...timing(read, now),
  };
}

function timing(
  { validFrom, validTo }: PemCertificate,
  now: number,
): Pick<Candidate, 'outOfTime' | 'expiresSoon'> {
  const day = (date: Date) => date.toISOString().slice(0, 10);
  if (validTo.getTime() <= now) return { outOfTime: `expired on ${day(validTo)}` };
  if (validFrom.getTime() > now) return { outOfTime: `is not valid before ${day(validFrom)}` };
  const isSoon = validTo.getTime() - now < SOON_MS;
  return isSoon ? { expiresSoon: `expires on ${day(validTo)}: renew it.` } : {};
}
