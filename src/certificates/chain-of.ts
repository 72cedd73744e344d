/** Puts certificates into the order in which a chain is sent. */
import type { X509Certificate } from 'node:crypto';

export type Chain = readonly [leaf: X509Certificate, ...issuers: X509Certificate[]];

/**
 * The leaf, and each one that certifies the one before it (RFC 7515 §4.1.6). A root is left out, as whoever
 * trusts it has it, and so is what belongs to no link.
 */
export function chainOf(leaf: X509Certificate, others: readonly X509Certificate[]): Chain {
  const issuers: X509Certificate[] = [];
  for (let last = leaf; ; ) {
    const issuer = others.find((each) => isIssuer(each, last) && !isIssuer(each, each));
    if (!issuer || issuers.includes(issuer)) return [leaf, ...issuers];
    issuers.push(issuer);
    last = issuer;
  }
}

function isIssuer(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
