/** The hashes that name a certificate: in the header of an assertion, and in the record of requests. */
import { createHash, X509Certificate } from 'node:crypto';

/** In base64url, as `x5t` (SHA-1) and `x5t#S256` carry it. */
export function thumbprintOf(
  certificate: X509Certificate | string,
  algorithm: 'sha1' | 'sha256' = 'sha256',
): string {
  const { raw } = typeof certificate === 'string' ? new X509Certificate(certificate) : certificate;
  return createHash(algorithm).update(raw).digest('base64url');
}
