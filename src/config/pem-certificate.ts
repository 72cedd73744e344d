/** Reads a certificate chain and its private key from PEM, and checks that they belong together. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

export interface PemCertificate {
  /** The chain in PEM, leaf first. */
  readonly certificate: string;
  /** In PEM, PKCS #8, without a password. */
  readonly privateKey: string;
  readonly validFrom: Date;
  readonly validTo: Date;
}

interface PemTexts {
  readonly certificate: string;
  readonly privateKey: string;
  readonly password: string | undefined;
}

/** What is wrong with a PEM; it holds nothing of its content. */
export class PemProblem {
  readonly part: 'certificate' | 'privateKey';
  readonly problem: string;
  readonly fix: string;

  constructor(part: PemProblem['part'], problem: string, fix: string) {
    this.part = part;
    this.problem = problem;
    this.fix = fix;
  }
}

export const PEM_FROM_PFX =
  'Make it PEM: openssl pkcs12 -in certificate.pfx -nodes -out certificate.pem';
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/;
const ENCRYPTED = /BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/;
/** DER, which PFX and binary certificates are written in, begins with a sequence. */
const DER = /^0[\x80-\x84\uFFFD]/;
const MIN_BITS = 2048;

export function readPemCertificate(texts: PemTexts): PemCertificate | PemProblem {
  const chain = readChain(texts.certificate);
  if (chain instanceof PemProblem) return chain;
  const key = readKey(texts.privateKey, texts.password);
  if (key instanceof PemProblem) return key;
  const leaf = chain.find((certificate) => certificate.checkPrivateKey(key));
  if (!leaf) {
    const fix = 'Put the certificate and the key of one pair there.';
    return new PemProblem('privateKey', 'holds a private key that is not the certificate’s', fix);
  }
  const links = [leaf, ...chain.filter((certificate) => certificate !== leaf)];
  return {
    certificate: links.map(String).join(''),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    validFrom: leaf.validFromDate,
    validTo: leaf.validToDate,
  };
}

function readChain(text: string): readonly X509Certificate[] | PemProblem {
  if (DER.test(text)) {
    const problem = 'holds PFX or DER, which is not supported yet';
    return new PemProblem('certificate', problem, PEM_FROM_PFX);
  }
  const blocks = text.match(CERTIFICATE);
  const fix = 'Put a PEM there that has a block "BEGIN CERTIFICATE".';
  if (!blocks) return new PemProblem('certificate', 'holds no certificate in PEM', fix);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    // What OpenSSL says of the content helps no one.
    return new PemProblem('certificate', 'holds a certificate that cannot be read', fix);
  }
}

function readKey(text: string, password: string | undefined): KeyObject | PemProblem {
  const block = PRIVATE_KEY.exec(text)?.[0];
  if (block === undefined) {
    const fix = 'Add the block "BEGIN PRIVATE KEY", or name its file in PrivateKeyDiskPath.';
    return new PemProblem('privateKey', 'holds no private key in PEM', fix);
  }
  if (ENCRYPTED.test(block) && password === undefined) {
    const fix = 'Set CertificatePassword.';
    return new PemProblem('privateKey', 'holds a private key that has a password', fix);
  }
  let key: KeyObject;
  try {
    key = createPrivateKey({
      key: block,
      ...(password === undefined ? {} : { passphrase: password }),
    });
  } catch {
    // What OpenSSL says may tell of the key.
    const isEncrypted = ENCRYPTED.test(block);
    return isEncrypted
      ? new PemProblem(
          'privateKey',
          'holds a private key of another password',
          'Correct CertificatePassword.',
        )
      : new PemProblem(
          'privateKey',
          'holds a private key that cannot be read',
          'Export the key again.',
        );
  }
  return checkKey(key);
}

function checkKey(key: KeyObject): KeyObject | PemProblem {
  const fix = `Use an RSA key of ${MIN_BITS} bits or more.`;
  if (key.asymmetricKeyType !== 'rsa') {
    return new PemProblem(
      'privateKey',
      'holds a key that is not RSA, which the authority needs',
      fix,
    );
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return bits >= MIN_BITS
    ? key
    : new PemProblem('privateKey', `holds an RSA key of ${bits} bits`, fix);
}
