/** Reads a certificate and its private key from PEM or PFX, and checks that they fit and may be used. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { type CertificateWithKey, certificateOf } from './certificate.ts';
import { CertificateProblem } from './certificate-problem.ts';
import { readPemCertificates, readPemKey } from './read-pem.ts';
import { readPfx } from './read-pfx.ts';

export interface CertificateBytes {
  /** PEM or PFX. */
  readonly certificate: Buffer;
  /** PEM, where the key is in a file of its own. */
  readonly privateKey?: Buffer | undefined;
  readonly password?: string | undefined;
}

/** DER, which PFX is written in, begins with a sequence. */
const SEQUENCE = 0x30;
const MIN_BITS = 2048;

export function readCertificate(bytes: CertificateBytes): CertificateWithKey | CertificateProblem {
  const { certificate, privateKey: keyBytes = certificate, password } = bytes;
  if (certificate[0] === SEQUENCE) {
    const opened = readPfx(certificate, password);
    return opened instanceof CertificateProblem
      ? opened
      : paired(opened.certificates, opened.privateKey);
  }
  const certificates = readPemCertificates(certificate.toString('latin1'));
  if (certificates instanceof CertificateProblem) return certificates;
  const privateKey = readPemKey(keyBytes.toString('latin1'), password);
  return privateKey instanceof CertificateProblem ? privateKey : paired(certificates, privateKey);
}

/** The certificate of the key comes first, wherever it stands. */
function paired(
  certificates: readonly X509Certificate[],
  privateKey: KeyObject,
): CertificateWithKey | CertificateProblem {
  const unfit = unfitness(privateKey);
  if (unfit) return unfit;
  const leaf = certificates.find((certificate) => certificate.checkPrivateKey(privateKey));
  if (!leaf) {
    const fix = 'Put the certificate and the key of one pair there.';
    const problem = 'holds a private key that is not the certificate’s';
    return new CertificateProblem('privateKey', problem, fix);
  }
  const rest = certificates.filter((certificate) => certificate !== leaf);
  return { certificate: certificateOf(leaf, rest), privateKey };
}

function unfitness(key: KeyObject): CertificateProblem | undefined {
  const fix = `Use an RSA key of ${MIN_BITS} bits or more.`;
  if (key.asymmetricKeyType !== 'rsa') {
    const problem = 'holds a key that is not RSA, which the authority needs';
    return new CertificateProblem('privateKey', problem, fix);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits >= MIN_BITS) return undefined;
  return new CertificateProblem('privateKey', `holds an RSA key of ${bits} bits`, fix);
}
