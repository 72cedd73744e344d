/** Opens a PFX file (PKCS #12, RFC 7292): its certificates and its private key. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { CertificateProblem } from './certificate-problem.ts';

export interface OpenedPfx {
  readonly certificates: readonly X509Certificate[];
  readonly privateKey: KeyObject;
}

const { asn1, pkcs12, pki } = forge;
const EXPORT = 'Export the certificate again, with its private key, as PFX or PEM.';
/** Version and contents; what may follow is the MAC. */
const WITHOUT_MAC = 2;

/**
 * The file's own MAC is left aside: whoever could alter the file could make another, and a key that
 * fits its certificate has been read rightly. Checking it can take seconds, in which nothing else runs.
 */
export function readPfx(der: Buffer, password: string | undefined): OpenedPfx | CertificateProblem {
  let pfx: forge.asn1.Asn1;
  try {
    pfx = asn1.fromDer(forge.util.createBuffer(der.toString('latin1')));
  } catch {
    // What the parser says of the bytes helps no one.
    return new CertificateProblem(
      'certificate',
      'holds no PEM, and no PFX that can be read',
      EXPORT,
    );
  }
  if (Array.isArray(pfx.value)) pfx.value = pfx.value.slice(0, WITHOUT_MAC);
  const bags = openWith(pfx, password);
  if (!bags) return undecipherable(password);
  const certificates = bags.flatMap(({ type, cert, asn1: plain }) =>
    type === pki.oids['certBag'] ? [x509Of(cert, plain)] : [],
  );
  const key = bags.find(
    ({ type }) => type === pki.oids['pkcs8ShroudedKeyBag'] || type === pki.oids['keyBag'],
  );
  const privateKey = key && keyOf(key);
  if (!privateKey) return new CertificateProblem('privateKey', 'holds no private key', EXPORT);
  return { certificates: certificates.filter((each) => each !== undefined), privateKey };
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
        'privateKey',
        'is a PFX that has a password, or is damaged',
        'Set CertificatePassword.',
      )
    : new CertificateProblem(
        'privateKey',
        'is a PFX of another password, or is damaged',
        'Correct CertificatePassword.',
      );
}

function x509Of(
  cert: forge.pki.Certificate | undefined,
  plain: forge.asn1.Asn1 | undefined,
): X509Certificate | undefined {
  const parsed = cert ? pki.certificateToAsn1(cert) : plain;
  return parsed && new X509Certificate(derOf(parsed));
}

function keyOf({ key, asn1: plain }: forge.pkcs12.Bag): KeyObject | undefined {
  const info = key ? pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(key)) : plain;
  return info && createPrivateKey({ key: derOf(info), format: 'der', type: 'pkcs8' });
}

function derOf(value: forge.asn1.Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1');
}
