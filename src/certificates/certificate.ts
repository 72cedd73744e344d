/** A certificate as it is used here: its chain, thumbprints and times. */
import { createHash, type KeyObject } from 'node:crypto';
import type { Chain } from './chain-of.ts';

export interface Certificate {
  /** In DER, leaf first. */
  readonly chain: readonly Buffer[];
  /** Of the leaf, as JWS headers carry them (RFC 7515 §4.1.7, §4.1.8): base64url. */
  readonly sha1: string;
  readonly sha256: string;
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly validFrom: number;
  readonly validTo: number;
}

/** From when on its end is spoken of. */
export const EXPIRES_SOON_DAYS = 30;

export interface CertificateWithKey {
  readonly certificate: Certificate;
  /** RSA, of 2048 bits or more. */
  readonly privateKey: KeyObject;
}

export function certificateOf(chain: Chain): Certificate {
  const [leaf] = chain;
  const thumbprint = (algorithm: string) =>
    createHash(algorithm).update(leaf.raw).digest('base64url');
  return {
    chain: chain.map(({ raw }) => raw),
    sha1: thumbprint('sha1'),
    sha256: thumbprint('sha256'),
    subject: leaf.subject,
    validFrom: leaf.validFromDate.getTime(),
    validTo: leaf.validToDate.getTime(),
  };
}
