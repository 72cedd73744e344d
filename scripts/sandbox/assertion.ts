/** What a client assertion says, before and after its signature is checked. */
import { decodeProtectedHeader } from 'jose';
import { z } from 'zod';
import { ProtocolError } from './protocol-error.ts';
import type { SandboxState } from './sandbox-state.ts';

const skewSeconds = 300;

const claimsSchema = z.object({
  /** A cluster's tokens name theirs in a list. */
  aud: z.union([z.string(), z.array(z.string())]),
  iss: z.string(),
  sub: z.string(),
  jti: z.string().min(1).optional(),
  nbf: z.number().optional(),
  exp: z.number(),
});

export type AssertionClaims = z.infer<typeof claimsSchema>;

/** @throws {ProtocolError} AADSTS50027: not a JWT. */
export function readHeader(assertion: string): ReturnType<typeof decodeProtectedHeader> {
  try {
    return decodeProtectedHeader(assertion);
  } catch (cause) {
    throw Object.assign(new ProtocolError(50027), { cause });
  }
}

/** @throws {ProtocolError} AADSTS50027: not claims, or not all that are needed. */
export function readClaims(payload: Uint8Array): AssertionClaims {
  try {
    return claimsSchema.parse(JSON.parse(Buffer.from(payload).toString()));
  } catch (cause) {
    throw Object.assign(new ProtocolError(50027), { cause });
  }
}

/** The claims that nothing vouches for yet. */
export function claimsBeforeCheck(assertion: string): AssertionClaims {
  const [, body = ''] = assertion.split('.');
  return readClaims(Buffer.from(body, 'base64url'));
}

/** @throws {ProtocolError} AADSTS700024: it is not valid yet, or no longer. */
export function checkTimes(state: SandboxState, { nbf = 0, exp }: AssertionClaims): void {
  const now = state.now() / 1000;
  if (exp > now && nbf <= now + skewSeconds) return;
  const inWords = (seconds: number) => new Date(seconds * 1000).toISOString();
  throw new ProtocolError(700024, {
    detail: `Client assertion is not within its valid time range. Current time: ${inWords(now)}, assertion valid from ${inWords(nbf)}, expiry time of assertion ${inWords(exp)}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials.`,
  });
}
