/** Reads a certificate and its private key from PEM, DER or PFX, and checks that they fit and may be used. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { type CertificateWithKey, certificateOf } from './certificate.ts';
import { chainOf } from './chain-of.ts';
import { CertificateProblem } from './certificate-problem.ts';
import { readPemCertificates, readPemKey } from './read-pem.ts';
import { readPfx } from './read-pfx.ts';

export interface CertificateBytes {
  /** PEM or PFX; DER, where the key is in a file of its own. */
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
  const plain = certificate[0] === SEQUENCE ? readDer(certificate) : undefined;
  if (certificate[0] === SEQUENCE && !plain) {
    const opened = readPfx(certificate, password);
    if (opened instanceof CertificateProblem) return opened;
    if (bytes.privateKey) return superfluousKey();
    return paired(opened.certificates, opened.privateKey);
  }
  const certificates = plain ? [plain] : readPemCertificates(textOf(certificate));
  if (certificates instanceof CertificateProblem) return certificates;
  const privateKey = readPemKey(textOf(keyBytes), password);
  return privateKey instanceof CertificateProblem ? privateKey : paired(certificates, privateKey);
}

/** What makes a key unfit for Entra ID (https://learn.microsoft.com/entra/identity-platform/certificate-credentials). */
export function unfitness(key: KeyObject): CertificateProblem | undefined {
  const fix = `Use an RSA key of ${MIN_BITS} bits or more.`;
  if (key.asymmetricKeyType !== 'rsa') {
    const problem = 'holds a key that is not RSA, which the authority needs';
    return new CertificateProblem('privateKey', problem, fix);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits >= MIN_BITS) return undefined;
  return new CertificateProblem('privateKey', `holds an RSA key of ${bits} bits`, fix);
}

/** Passed over in silence, whoever replaces that file would wonder why nothing changes. */
function superfluousKey(): CertificateProblem {
  const problem = 'is set though the certificate’s file is a PFX, which holds its own key';
  const fix = 'Remove it, or name a certificate without its key.';
  return new CertificateProblem('privateKey', problem, fix);
}

function readDer(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    // A PFX is another sequence.
    return undefined;
  }
}

/** Windows' tools may write UTF-16. */
function textOf(bytes: Buffer): string {
  return bytes[0] === 0xff && bytes[1] === 0xfe
    ? bytes.toString('utf16le')
    : bytes.toString('latin1');
}

/** Of several certificates of the key, as after a renewal, the one that lasts longest. */
function paired(
  certificates: readonly X509Certificate[],
  privateKey: KeyObject,
): CertificateWithKey | CertificateProblem {
  const unfit = unfitness(privateKey);
  if (unfit) return unfit;
  const [leaf] = certificates
    .filter((certificate) => certificate.checkPrivateKey(privateKey))
    .sort((one, other) => other.validToDate.getTime() - one.validToDate.getTime());
  if (!leaf) {
    const fix = 'Put the certificate and the key of one pair there.';
    const problem = 'holds a private key that is not the certificate’s';
    return new CertificateProblem('privateKey', problem, fix);
  }
  return { certificate: certificateOf(chainOf(leaf, certificates)), privateKey };
}
