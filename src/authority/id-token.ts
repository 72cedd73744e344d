/** The checks on an ID token: signature, the key's own issuer, issuer, tenant, audience, nonce and times. */
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import type { AuthoritySettings } from '../config/settings.ts';
import { AppError, Unavailable } from '../errors.ts';
import { fitsAlgorithm, forJose, SIGNING_ALGORITHMS, type SigningKey } from './signing-key.ts';
import type { SigningKeys } from './signing-keys.ts';
import { isIssuerOf, issuerFor, PERSONAL_TENANT } from './tenant.ts';

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

export interface IdTokenExpectations {
  readonly authority: AuthoritySettings;
  /** Of the discovery document; may hold `{tenantid}`. */
  readonly issuer: string;
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
  /** The key it is signed with is not known now: it may be valid. */
  | { readonly kind: 'unknown-key'; readonly cause: AppError }
  /** It is expired or not valid yet, which our own clock may be to blame for. */
  | { readonly kind: 'untimely'; readonly check: string }
  /** It is not for us or not of this authority; `check` is what it failed. */
  | { readonly kind: 'wrong'; readonly check: string };

const TOLERANCE_SECONDS = 60;

/**
 * Checks an ID token (OpenID Connect Core §3.1.3.7, and Microsoft's rules for several tenants).
 *
 * `iat` is not compared with anything: Entra ID dates it back by minutes.
 */
export async function checkIdToken(
  idToken: string,
  expected: IdTokenExpectations,
): Promise<CheckedIdToken> {
  const header = headerOf(idToken);
  const { alg: algorithm, kid } = header ?? {};
  if (!algorithm || !SIGNING_ALGORITHMS.includes(algorithm)) return wrong('algorithm');
  let key: SigningKey | undefined;
  try {
    key = await expected.keys.find({ kid, algorithm });
  } catch (error) {
    // The caller may still have something to keep, so this is an answer and not a throw.
    if (error instanceof AppError) return { kind: 'unknown-key', cause: error };
    throw error;
  }
  if (!key || !fitsAlgorithm(key, algorithm)) return { kind: 'unknown-key', cause: keyMissing() };

  try {
    const { payload } = await jwtVerify(idToken, forJose(key), {
      algorithms: [algorithm],
      audience: expected.clientId,
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(expected.now),
      requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
    });
    const { success, data: claims } = claimsSchema.safeParse(payload);
    if (!success) return wrong('claims');
    const failed = failedClaim(claims, expected, key);
    return failed ? wrong(failed) : { kind: 'valid', claims, payload };
  } catch (error) {
    // Every fault that jose finds is the token's; anything else is a bug of ours.
    if (!(error instanceof errors.JOSEError)) throw error;
    const claim = 'claim' in error ? String(error.claim) : '';
    const check = claim ? `${error.code}:${claim}` : error.code;
    const isOfTime = claim === 'exp' || claim === 'nbf';
    return isOfTime ? { kind: 'untimely', check } : wrong(check);
  }
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
  if (!isIssuerOf(expected.issuer, iss)) return 'iss';
  if (expected.authority.kind === 'oidc') return undefined;

  // The issuer's own tenant is a GUID by now; `tid` must say the same one.
  if (tid === undefined || new URL(iss).pathname.split('/')[1] !== tid) return 'tid';
  if (tid === PERSONAL_TENANT && isForWorkOnly(expected.authority)) return 'tid';
  if (key.issuer !== undefined && issuerFor(key.issuer, tid) !== iss) return 'key issuer';
  return undefined;
}

function isForWorkOnly(authority: AuthoritySettings & { kind: 'entra' }): boolean {
  return authority.tenantId.toLowerCase() === 'organizations';
}

function headerOf(idToken: string) {
  try {
    return decodeProtectedHeader(idToken);
  } catch {
    // Not a JWT at all: refused for want of an algorithm.
    return undefined;
  }
}

function wrong(check: string): CheckedIdToken {
  return { kind: 'wrong', check };
}

function keyMissing(): Unavailable {
  return new Unavailable('The sign-in service has changed its keys. Try again shortly.', {
    retryAfterSeconds: 60,
    cause: new Error('authority: unknown signing key'),
  });
}
