/** Reads the entries whose certificate is at hand: in files, or in the settings themselves. */
import { type CertificateWithKey, EXPIRES_SOON_DAYS } from '../certificates/certificate.ts';
import { readCertificateFiles } from '../certificates/certificate-files.ts';
import { CertificateProblem } from '../certificates/certificate-problem.ts';
import { readCertificate } from '../certificates/read-certificate.ts';
import type { Candidate } from './candidate.ts';
import type { DescriptionContext } from './credential-description.ts';
import { readPath } from './read-path.ts';
import type { Section } from './section.ts';
import type { CredentialKey } from './source-keys.ts';

const DAY_MS = 24 * 3_600_000;
/** Whoever issued it may have a clock that is ahead of ours. */
const SKEW_MS = 60_000;

export function readCertificateOnDisk(
  section: Section<CredentialKey>,
  { directory, sendX5c, now }: DescriptionContext,
): Candidate | undefined {
  const fix = 'Set it to a PEM or PFX file that holds the certificate and its private key.';
  if (!section.has('CertificateDiskPath')) section.fault('CertificateDiskPath', 'is missing', fix);
  const certificateFile = readPath(section, 'CertificateDiskPath', directory);
  const privateKeyFile = readPath(section, 'PrivateKeyDiskPath', directory);
  const isFaulty = section.has('PrivateKeyDiskPath') && privateKeyFile === undefined;
  if (certificateFile === undefined || isFaulty) return undefined;
  const files = {
    certificateFile,
    privateKeyFile,
    password: section.password('CertificatePassword'),
  };
  const credential = { sourceType: 'Path', key: section.path, ...files, sendX5c } as const;
  const seen = seenOf(section, readCertificateFiles(files), now, {
    certificate: 'CertificateDiskPath',
    container: 'CertificateDiskPath',
    privateKey: privateKeyFile === undefined ? 'CertificateDiskPath' : 'PrivateKeyDiskPath',
  });
  return { credential, ...seen };
}

export function readInlineCertificate(
  section: Section<CredentialKey>,
  { sendX5c, now }: DescriptionContext,
): Candidate | undefined {
  const fix = 'Set it to a PFX in base64, or to PEM: certificate and private key.';
  const value = section.requiredText('Base64EncodedValue', fix);
  if (value === undefined) return undefined;
  // A PEM in one line, as an environment variable often holds it, has its line ends escaped.
  const bytes = value.includes('-----BEGIN')
    ? Buffer.from(value.replaceAll('\\n', '\n'))
    : Buffer.from(value, 'base64');
  const password = section.password('CertificatePassword');
  const sourceType = 'Base64Encoded';
  const credential = { sourceType, key: section.path, bytes, password, sendX5c } as const;
  const read = readCertificate({ certificate: bytes, password });
  const all = 'Base64EncodedValue';
  const keys = { certificate: all, privateKey: all, container: all } as const;
  return { credential, ...seenOf(section, read, now, keys) };
}

function seenOf(
  section: Section<CredentialKey>,
  read: CertificateWithKey | CertificateProblem,
  now: number,
  keys: Readonly<Record<CertificateProblem['part'], CredentialKey>>,
): Omit<Candidate, 'credential'> {
  if (read instanceof CertificateProblem) {
    const { part, problem, fix } = read;
    return { problem: { key: section.pathOf(keys[part]), text: problem, fix } };
  }
  const { validFrom, validTo } = read.certificate;
  const key = section.path;
  const fix = 'Put a certificate there that is valid now.';
  if (validTo <= now) return { problem: { key, text: `expired on ${day(validTo)}`, fix } };
  if (validFrom > now + SKEW_MS) {
    const text = `is not valid before ${new Date(validFrom).toISOString()}`;
    return { problem: { key, text, fix: `${fix} Or set the clock of this machine.` } };
  }
  if (validTo - now >= EXPIRES_SOON_DAYS * DAY_MS) return {};
  const renew = 'Register a new certificate with the app, and put that in its place.';
  return { warning: { key, text: `expires on ${day(validTo)}`, fix: renew } };
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
