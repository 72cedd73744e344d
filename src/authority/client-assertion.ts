/** The assertion by which a certificate's owner proves who it is (RFC 7523 §2.2, Entra ID's form of it). */
import { randomUUID } from 'node:crypto';
import type { CertificateProof } from '../credentials/credential-source.ts';

/** `sha1` is the older form, RS256 with `x5t`, which some tenants still ask for. */
export type AssertionForm = 'sha256' | 'sha1';

export interface AssertionRequest {
  readonly clientId: string;
  /** Entra ID refuses the issuer here: it is a template in `common`, and never the audience. */
  readonly tokenEndpoint: string;
  readonly form: AssertionForm;
  readonly now: number;
}

const ASSERTION_SECONDS = 600;

/**
 * Made for one request: an assertion that is used twice may be refused.
 *
 * @throws {CredentialUnusable} the key cannot sign now.
 */
export async function clientAssertion(
  { sha1, sha256, x5c, sign }: CertificateProof,
  { clientId, tokenEndpoint, form, now }: AssertionRequest,
): Promise<string> {
  const algorithm = form === 'sha256' ? 'PS256' : 'RS256';
  const issuedAt = Math.floor(now / 1000);
  const header = {
    alg: algorithm,
    typ: 'JWT',
    ...(form === 'sha256' ? { 'x5t#S256': sha256 } : { x5t: sha1 }),
    ...(x5c && { x5c: x5c.map((der) => der.toString('base64')) }),
  };
  const payload = {
    ...{ iss: clientId, sub: clientId, aud: tokenEndpoint, jti: randomUUID() },
    ...{ iat: issuedAt, nbf: issuedAt, exp: issuedAt + ASSERTION_SECONDS },
  };
  const signed = `${encoded(header)}.${encoded(payload)}`;
  const signature = await sign(algorithm, Buffer.from(signed));
  return `${signed}.${signature.toString('base64url')}`;
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
