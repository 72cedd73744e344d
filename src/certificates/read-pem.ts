/** Reads certificates and a private key from PEM. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { CertificateProblem } from './certificate-problem.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/;
const ENCRYPTED = /BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/;

/** All of a text, in the order in which they stand. */
export function readPemCertificates(text: string): readonly X509Certificate[] | CertificateProblem {
  const blocks = text.match(CERTIFICATE);
  const fix = 'Put a PEM there that has a block "BEGIN CERTIFICATE", or a PFX.';
  if (!blocks) return new CertificateProblem('certificate', 'holds no certificate', fix);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    // What OpenSSL says of the content helps no one.
    return new CertificateProblem('certificate', 'holds a certificate that cannot be read', fix);
  }
}

export function readPemKey(
  text: string,
  password: string | undefined,
): KeyObject | CertificateProblem {
  const block = PRIVATE_KEY.exec(text)?.[0];
  if (block === undefined) {
    const fix = 'Add the block "BEGIN PRIVATE KEY", or name its file in PrivateKeyDiskPath.';
    return new CertificateProblem('privateKey', 'holds no private key', fix, true);
  }
  const isEncrypted = ENCRYPTED.test(block);
  if (isEncrypted && password === undefined) {
    const fix = 'Set CertificatePassword.';
    return new CertificateProblem('privateKey', 'holds a private key that has a password', fix);
  }
  try {
    return createPrivateKey({
      key: block,
      ...(password === undefined ? {} : { passphrase: password }),
    });
  } catch {
    // What OpenSSL says may tell of the key.
    return isEncrypted
      ? new CertificateProblem(
          'privateKey',
          'holds a private key of another password',
          'Correct CertificatePassword.',
        )
      : new CertificateProblem(
          'privateKey',
          'holds a private key that cannot be read',
          'Export the key again.',
        );
  }
}
