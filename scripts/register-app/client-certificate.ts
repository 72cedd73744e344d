/** Makes a key and its self-signed certificate, by which the site proves who it is. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import forge from 'node-forge';
import { Misconfigured } from '../../src/errors.ts';

interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const BITS = 3072;
/** RFC 5280, ub-common-name. */
const MAX_COMMON_NAME = 64;

/** Both in PEM; the certificate, named after the site's host, is good for signatures only. */
export function makeClientCertificate(
  host: string,
  { notBefore, notAfter }: Validity,
): { privateKey: string; certificate: string } {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicKey);
  // A number that begins with 0 to 7 is positive, and 01 keeps it from being zero.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity = { notBefore, notAfter };
  const subject = [{ name: 'commonName', value: commonName(host) }];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(pair.privateKey), forge.md.sha256.create());
  const pem = forge.pki.certificateToPem(certificate).replaceAll('\r', '');
  return { privateKey: pair.privateKey, certificate: pem };
}

/** Of characters that a PrintableString has (RFC 5280 §4.1.2.4), where a host may have others. */
function commonName(host: string): string {
  return host.replaceAll(/[^A-Za-z0-9.-]/g, '-').slice(0, MAX_COMMON_NAME);
}

/** Where the two files are below a directory. */
export function certificateFiles(directory: string) {
  return {
    certificate: join(directory, 'certificate.pem'),
    privateKey: join(directory, 'private-key.pem'),
  };
}

/**
 * Writes both, for this user only.
 *
 * @throws {Misconfigured} one of them is there, or the directory cannot be written to.
 */
export function writeClientCertificate(
  directory: string,
  make: () => { privateKey: string; certificate: string },
): void {
  const files = certificateFiles(directory);
  const there = Object.values(files).find((file) => existsSync(file));
  if (there !== undefined) {
    throw new Misconfigured(
      `${there} is there already, and may be in use: name another directory by --certificate, or move it away.`,
    );
  }
  const { privateKey, certificate } = make();
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(files.privateKey, privateKey, { flag: 'wx', mode: 0o600 });
    writeFileSync(files.certificate, certificate, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    // The system's word for it is all that helps.
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    throw new Misconfigured(`The certificate cannot be written to ${directory} (${code}).`);
  }
}
