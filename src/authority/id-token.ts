/** The checks on an ID token: signature, the key's own issuer, issuer, tenant, audience, nonce and times. */
import { decodeJwt, type JWTPayload } from 'jose';
import { z } from 'zod';
import { type ExpectedIssuer, failedIssuer, tenantOf } from './failed-issuer.ts';
import type { SigningKey } from './signing-key.ts';
import type { SigningKeys } from './signing-keys.ts';
import { type UnverifiedJwt, verifyJwt, wrong } from './verify-jwt.ts';

const optionalText = z.string().optional().catch(undefined);

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string().min(1),
  aud: z.union([z.string(), z.array(z.string())]),
  azp: z.string().optional(),
  nonce: z.string().optional(),
  tid: z.string().optional(),
  oid: z.string().optional(),
  /** Entra ID's home account, where the optional claims are on. */
  uid: z.string().optional(),
  utid: z.string().optional(),
  sid: optionalText,
  name: optionalText,
  preferred_username: optionalText,
  email: optionalText,
  login_hint: optionalText,
});

export type IdTokenClaims = z.infer<typeof claimsSchema>;

export interface IdTokenExpectations extends ExpectedIssuer {
  readonly clientId: string;
  /** Only at redemption: a refresh brings none (OpenID Connect Core §12.2). */
  readonly nonce: string | undefined;
  readonly keys: SigningKeys;
  readonly now: number;
}

export type CheckedIdToken =
  | {
      readonly kind: 'valid';
      readonly claims: IdTokenClaims;
      /** Every claim, as it came. */
      readonly payload: JWTPayload;
    }
  | UnverifiedJwt;

/**
 * Checks an ID token (OpenID Connect Core §3.1.3.7, and Microsoft's rules for several tenants).
 *
 * `iat` is not compared with anything: Entra ID dates it back by minutes.
 */
export async function checkIdToken(
  idToken: string,
  expected: IdTokenExpectations,
): Promise<CheckedIdToken> {
  const { clientId, keys, now } = expected;
  const requiredClaims = ['iss', 'sub', 'aud', 'exp', 'iat'];
  const verified = await verifyJwt(idToken, { clientId, keys, now, requiredClaims });
  if (verified.kind !== 'verified') return verified;
  const { payload, key } = verified;
  const { success, data: claims } = claimsSchema.safeParse(payload);
  if (!success) return wrong('claims');
  const failed = failedClaim(claims, expected, key);
  return failed ? wrong(failed) : { kind: 'valid', claims, payload };
}

/** The claims of an ID token that nobody has checked: for a comparison before it is thrown away. */
export function uncheckedClaims(idToken: string): IdTokenClaims | undefined {
  try {
    return claimsSchema.safeParse(decodeJwt(idToken)).data;
  } catch {
    // Not a JWT: it names nobody.
    return undefined;
  }
}

function failedClaim(
  claims: IdTokenClaims,
  expected: IdTokenExpectations,
  key: SigningKey,
): string | undefined {
  const { aud, azp, nonce, iss, tid } = claims;
  if (azp !== undefined ? azp !== expected.clientId : Array.isArray(aud) && aud.length > 1) {
    return 'azp';
  }
  if (expected.nonce !== undefined && nonce !== expected.nonce) return 'nonce';
  const failed = failedIssuer(expected, iss, key);
  if (failed || expected.authority.kind === 'oidc') return failed;
  // The issuer's own tenant is a GUID by now; `tid` must say the same one.
  return tid === tenantOf(iss) ? undefined : 'tid';
}
