/** A certificate authority in memory: certificates of any name, key use and validity, at any depth. */
import { createPrivateKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';

const generate = promisify(generateKeyPair);
const dayMs = 86_400_000;

/** A certificate with its key, both in PEM. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  readonly key: KeyObject;
}

export interface CertificateOrder {
  readonly commonName: string;
  /** Names of servers; none by default. */
  readonly dnsNames?: readonly string[];
  /** In epoch milliseconds: from a day ago by default. */
  readonly notBefore?: number;
  /** In epoch milliseconds: a month from now by default. */
  readonly notAfter?: number;
}

interface Signer {
  readonly certificate: forge.pki.Certificate;
  readonly key: forge.pki.rsa.PrivateKey;
}

async function make(order: CertificateOrder, isAuthority: boolean, issuer?: Signer) {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const key = forge.pki.privateKeyFromPem(pem);
  const certificate = forge.pki.createCertificate();
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
  certificate.publicKey = forge.pki.setRsaPublicKey(key.n, key.e);
  certificate.validity.notBefore = new Date(order.notBefore ?? Date.now() - dayMs);
  certificate.validity.notAfter = new Date(order.notAfter ?? Date.now() + 30 * dayMs);
  const subject = [{ name: 'commonName', value: order.commonName }];
  certificate.setSubject(subject);
  certificate.setIssuer(issuer ? issuer.certificate.subject.attributes : subject);
  const altNames = (order.dnsNames ?? []).map((value) => ({ type: 2, value }));
  certificate.setExtensions([
    { name: 'basicConstraints', cA: isAuthority, critical: true },
    ...(isAuthority ? [{ name: 'keyUsage', keyCertSign: true, critical: true }] : []),
    ...(altNames.length > 0 ? [{ name: 'subjectAltName', altNames }] : []),
  ]);
  certificate.sign(issuer?.key ?? key, forge.md.sha256.create());
  const issued: IssuedCertificate = {
    certificate: forge.pki.certificateToPem(certificate),
    privateKey: pem,
    key: createPrivateKey(pem),
  };
  return { issued, signer: { certificate, key } };
}

/** Signs certificates; made by `createAuthority`. */
export interface CertificateAuthority {
  /** In PEM. */
  readonly certificate: string;
  issue(order: CertificateOrder): Promise<IssuedCertificate>;
  /** An authority below this one. */
  createIntermediate(commonName: string): Promise<CertificateAuthority>;
}

const authorityOf = (issued: IssuedCertificate, signer: Signer): CertificateAuthority => ({
  certificate: issued.certificate,
  issue: async (order) => (await make(order, false, signer)).issued,
  createIntermediate: async (commonName) => {
    const made = await make({ commonName }, true, signer);
    return authorityOf(made.issued, made.signer);
  },
});

/** A new root. */
export async function createAuthority(commonName = 'Test root'): Promise<CertificateAuthority> {
  const { issued, signer } = await make({ commonName }, true);
  return authorityOf(issued, signer);
}

/** Signs with the key of any certificate, even of one that may not. */
export function signingWith(issued: IssuedCertificate): CertificateAuthority {
  return authorityOf(issued, {
    certificate: forge.pki.certificateFromPem(issued.certificate),
    key: forge.pki.privateKeyFromPem(issued.privateKey),
  });
}

/** A certificate that its own key signs. */
export async function selfSignedCertificate(order: CertificateOrder): Promise<IssuedCertificate> {
  return (await make(order, false)).issued;
}
