/** Opens a PFX file (PKCS #12, RFC 7292): its certificates and its private key. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { CertificateProblem } from './certificate-problem.ts';
import { keyRounds } from './key-rounds.ts';

export interface OpenedPfx {
  readonly certificates: readonly X509Certificate[];
  readonly privateKey: KeyObject;
}

const { asn1, pkcs12, pki } = forge;
const EXPORT = 'Export the certificate again, with its private key, as PFX or PEM.';
/** Version and contents; what may follow is the MAC. */
const WITHOUT_MAC = 2;
/** A key is derived in this process, in which nothing else runs meanwhile: so many rounds take about a second. */
const MAX_ROUNDS = 50_000;

/**
 * The file's own MAC is left aside: whoever could alter the file could make another, and a key that
 * fits its certificate has been read rightly. Checking it would derive one more key.
 */
export function readPfx(der: Buffer, password: string | undefined): OpenedPfx | CertificateProblem {
  let pfx: forge.asn1.Asn1;
  try {
    pfx = asn1.fromDer(forge.util.createBuffer(der.toString('latin1')));
  } catch {
    // What the parser says of the bytes helps no one.
    return new CertificateProblem('container', 'holds no PEM, and no PFX that can be read', EXPORT);
  }
  if (Array.isArray(pfx.value)) pfx.value = pfx.value.slice(0, WITHOUT_MAC);
  const rounds = keyRounds(pfx);
  if (rounds > MAX_ROUNDS) return tooManyRounds(rounds);
  const bags = openWith(pfx, password);
  if (!bags) return undecipherable(password);
  try {
    const certificates = bags.flatMap((bag) => certificatesIn(bag));
    const privateKey = bags.map(keyIn).find((key) => key !== undefined);
    return privateKey ? { certificates, privateKey } : CertificateProblem.noKey(EXPORT);
  } catch {
    // It was opened and holds something else than it says: what OpenSSL says of it may tell of the key.
    return new CertificateProblem('container', 'is a PFX that is damaged', EXPORT);
  }
}

/**
 * A password is written one way for older ciphers and another way for newer ones (RFC 7292 §B.1,
 * RFC 8018 §3), which matters beyond ASCII.
 */
function openWith(pfx: forge.asn1.Asn1, password = ''): readonly forge.pkcs12.Bag[] | undefined {
  for (const written of new Set([password, forge.util.encodeUtf8(password)])) {
    try {
      const { safeContents } = pkcs12.pkcs12FromAsn1(pfx, false, written);
      return safeContents.flatMap(({ safeBags }) => safeBags);
    } catch {
      // Of a wrong password and of a damaged file alike.
    }
  }
  return undefined;
}

function undecipherable(password: string | undefined): CertificateProblem {
  return password === undefined
    ? new CertificateProblem(
        'container',
        'is a PFX that has a password, or is damaged',
        'Set CertificatePassword.',
      )
    : new CertificateProblem(
        'container',
        'is a PFX of another password, or is damaged',
        'Correct CertificatePassword.',
      );
}

function tooManyRounds(rounds: number): CertificateProblem {
  const problem = `is a PFX whose password is hashed ${rounds} times, for which the site would stand still`;
  const fix = `Export it again with at most ${MAX_ROUNDS} rounds (openssl pkcs12 -export has 2048), or as PEM.`;
  return new CertificateProblem('container', problem, fix);
}

function certificatesIn({ type, cert, asn1: plain }: forge.pkcs12.Bag): X509Certificate[] {
  if (type !== pki.oids['certBag']) return [];
  const whole = cert ? asWritten(cert) : plain;
  return whole ? [new X509Certificate(derOf(whole))] : [];
}

/**
 * The certificate in its very bytes, by which its thumbprint goes: the library would write parameters of
 * the signature anew. They stand within the signed part, too (RFC 5280 §4.1.1.2).
 */
function asWritten({ tbsCertificate, signature }: forge.pki.Certificate): forge.asn1.Asn1 {
  const parts = Array.isArray(tbsCertificate.value) ? tbsCertificate.value : [];
  const hasVersion = parts[0]?.tagClass === asn1.Class.CONTEXT_SPECIFIC;
  const algorithm = parts[hasVersion ? 2 : 1];
  if (!algorithm) throw new SyntaxError('no certificate');
  const { UNIVERSAL } = asn1.Class;
  const { BITSTRING, SEQUENCE } = asn1.Type;
  // A bit string begins with how many bits of its last byte are unused.
  const signed = asn1.create(UNIVERSAL, BITSTRING, false, `\0${signature}`);
  return asn1.create(UNIVERSAL, SEQUENCE, true, [tbsCertificate, algorithm, signed]);
}

function keyIn({ type, key, asn1: plain }: forge.pkcs12.Bag): KeyObject | undefined {
  if (type !== pki.oids['pkcs8ShroudedKeyBag'] && type !== pki.oids['keyBag']) return undefined;
  const info = key ? pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(key)) : plain;
  return info && createPrivateKey({ key: derOf(info), format: 'der', type: 'pkcs8' });
}

function derOf(value: forge.asn1.Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1');
}
