/** Certificates trusted by subject name and issuer: the chain that an assertion brings along in `x5c`. */
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { ProtocolError } from './protocol-error.ts';
import type { TrustedChain } from './sandbox-options.ts';

const chainSchema = z.array(z.base64()).min(1).max(10);

const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

const covers = ({ validFromDate, validToDate }: X509Certificate, at: number): boolean =>
  validFromDate.getTime() <= at && at < validToDate.getTime();

function readChain(x5c: unknown): X509Certificate[] {
  try {
    return chainSchema.parse(x5c).map((der) => new X509Certificate(Buffer.from(der, 'base64')));
  } catch (cause) {
    const detail = 'Client assertion has no certificate chain in x5c that can be read.';
    throw Object.assign(new ProtocolError(700027, { detail }), { cause });
  }
}

/**
 * The certificate that signs: the first of the chain, which leads to a trusted root.
 *
 * @throws {ProtocolError} AADSTS700027: no chain, another name, or a root that is not trusted.
 */
export function trustedLeaf(x5c: unknown, trusted: TrustedChain, now: number): X509Certificate {
  const chain = readChain(x5c);
  const [leaf] = chain;
  const names = leaf?.subject.split('\n') ?? [];
  if (!leaf || !names.includes(`CN=${trusted.subjectName}`)) {
    throw new ProtocolError(700027, {
      detail: 'The subject name of the certificate is not registered on application.',
    });
  }
  const roots = trusted.trustedRoots.map((pem) => new X509Certificate(pem));
  const above = chain.slice(1);
  const isLinked = above.every((issuer, index) => {
    const issued = chain[index];
    return issued !== undefined && isIssuedBy(issued, issuer) && covers(issuer, now);
  });
  const last = chain.at(-1) ?? leaf;
  const root = roots.find((each) => each.raw.equals(last.raw) || isIssuedBy(last, each));
  if (!isLinked || !root || !covers(root, now)) {
    throw new ProtocolError(700027, {
      detail: 'The certificate chain in x5c does not lead to a root that the application trusts.',
    });
  }
  return leaf;
}
