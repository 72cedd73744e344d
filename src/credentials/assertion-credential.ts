/** A JWT of another issuer as a credential. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CredentialUnusable, type LoadedCredential } from './credential-source.ts';

const times = z.object({ nbf: z.number().optional(), exp: z.number().optional() });

/**
 * Nothing of it is checked but its form: it is for the authority to judge.
 *
 * @throws {CredentialUnusable} it is no JWT; `name` says where it came from.
 */
export function assertionCredential(assertion: string, name: string): LoadedCredential {
  const { nbf, exp } = timesOf(assertion, name);
  return {
    proof: { kind: 'assertion', assertion },
    fingerprint: createHash('sha256').update(assertion).digest('base64url'),
    validFrom: nbf === undefined ? undefined : nbf * 1000,
    validTo: exp === undefined ? undefined : exp * 1000,
  };
}

function timesOf(assertion: string, name: string): z.infer<typeof times> {
  const [, payload, signature, ...rest] = assertion.split('.');
  try {
    if (!payload || !signature || rest.length > 0) throw new SyntaxError('no JWT');
    return times.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
  } catch {
    // The text itself is never told: it may be a good token in a bad wrapping.
    const fix =
      'It must hold one signed JWT (three parts with dots between them) and nothing else.';
    throw new CredentialUnusable(`${name} holds no JWT`, { fix });
  }
}
