/** A certificate with its private key as a credential: it signs in this process. */
import { constants, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { Certificate, CertificateWithKey } from '../certificates/certificate.ts';
import { CertificateProblem } from '../certificates/certificate-problem.ts';
import {
  type CertificateProof,
  CredentialUnusable,
  type LoadedCredential,
  type SignatureAlgorithm,
} from './credential-source.ts';

const signAsync = promisify(sign);
/** As long as the hash (RFC 7518 §3.5). */
const SALT_BYTES = 32;

/** @throws {CredentialUnusable} the certificate was read and is no good; `name` says which. */
export function certificateCredential(
  read: CertificateWithKey | CertificateProblem,
  name: string,
  sendX5c: boolean,
): LoadedCredential {
  if (read instanceof CertificateProblem) {
    throw new CredentialUnusable(`${name} ${read.problem}`, { fix: read.fix });
  }
  const { certificate, privateKey } = read;
  return signedBy(certificate, sendX5c, (algorithm, data) => signHere(privateKey, algorithm, data));
}

/** The same whose signatures are made by `signWith`, wherever that is. */
export function signedBy(
  certificate: Certificate,
  sendX5c: boolean,
  signWith: CertificateProof['sign'],
): LoadedCredential {
  const { chain, sha1, sha256, validFrom, validTo } = certificate;
  const x5c = sendX5c ? chain : undefined;
  return {
    proof: { kind: 'certificate', sha1, sha256, x5c, sign: signWith },
    fingerprint: sha256,
    thumbprint: Buffer.from(sha1, 'base64url').toString('hex').toUpperCase(),
    validFrom,
    validTo,
  };
}

async function signHere(
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  data: Buffer,
): Promise<Buffer> {
  const padding =
    algorithm === 'PS256'
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_BYTES }
      : { padding: constants.RSA_PKCS1_PADDING };
  return await signAsync('sha256', data, { key, ...padding });
}
