/** The checks that every JWT of the authority has to pass: algorithm, key, signature, audience and times. */
import {
  decodeProtectedHeader,
  errors,
  type JWTHeaderParameters,
  type JWTPayload,
  jwtVerify,
} from 'jose';
import { AppError, Unavailable } from '../errors.ts';
import { fitsAlgorithm, forJose, SIGNING_ALGORITHMS, type SigningKey } from './signing-key.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface JwtExpectations {
  readonly clientId: string;
  readonly keys: SigningKeys;
  readonly now: number;
  /** Beside `aud`. */
  readonly requiredClaims?: string[];
  /** Since `iat`; any age is good without it, and then `iat` is not compared with anything. */
  readonly maxAgeSeconds?: number;
  /** Whether it came from anyone, and not from the authority itself. */
  readonly isFromAnyone?: boolean;
}

export type UnverifiedJwt =
  /** The key it is signed with is not known now: it may be valid. */
  | { readonly kind: 'unknown-key'; readonly cause: AppError }
  /** It is expired or not valid yet, which our own clock may be to blame for. */
  | { readonly kind: 'untimely'; readonly check: string }
  /** It is not for us or not of this authority; `check` is what it failed. */
  | { readonly kind: 'wrong'; readonly check: string };

export type VerifiedJwt =
  | {
      readonly kind: 'verified';
      readonly payload: JWTPayload;
      readonly header: JWTHeaderParameters;
      readonly key: SigningKey;
    }
  | UnverifiedJwt;

/** How far two clocks may be apart. */
export const TOLERANCE_SECONDS = 60;

export async function verifyJwt(jwt: string, expected: JwtExpectations): Promise<VerifiedJwt> {
  const { alg: algorithm, kid } = headerOf(jwt) ?? {};
  if (!algorithm || !SIGNING_ALGORITHMS.includes(algorithm)) return wrong('algorithm');
  let key: SigningKey | undefined;
  try {
    key = await expected.keys.find({
      kid,
      algorithm,
      isFromAnyone: expected.isFromAnyone ?? false,
    });
  } catch (error) {
    // The caller may still have something to keep, so this is an answer and not a throw.
    if (error instanceof AppError) return { kind: 'unknown-key', cause: error };
    throw error;
  }
  if (!key || !fitsAlgorithm(key, algorithm)) return { kind: 'unknown-key', cause: keyMissing() };

  try {
    const { payload, protectedHeader: header } = await jwtVerify(jwt, forJose(key), {
      algorithms: [algorithm],
      audience: expected.clientId,
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(expected.now),
      requiredClaims: expected.requiredClaims ?? [],
      ...(expected.maxAgeSeconds !== undefined && { maxTokenAge: expected.maxAgeSeconds }),
    });
    return { kind: 'verified', payload, header, key };
  } catch (error) {
    // Every fault that jose finds is the token's; anything else is a bug of ours.
    if (!(error instanceof errors.JOSEError)) throw error;
    const claim = 'claim' in error ? String(error.claim) : '';
    const check = claim ? `${error.code}:${claim}` : error.code;
    // A time that is missing or no number is the token's fault, whatever our clock says.
    const isCompared = 'reason' in error && error.reason === 'check_failed';
    const isOfTime = isCompared && (claim === 'exp' || claim === 'nbf');
    return isOfTime ? { kind: 'untimely', check } : wrong(check);
  }
}

export function wrong(check: string) {
  return { kind: 'wrong', check } as const;
}

function headerOf(jwt: string) {
  try {
    return decodeProtectedHeader(jwt);
  } catch {
    // Not a JWT at all: refused for want of an algorithm.
    return undefined;
  }
}

function keyMissing(): Unavailable {
  return new Unavailable('The sign-in service has changed its keys. Try again shortly.', {
    retryAfterSeconds: 60,
    cause: new Error('authority: unknown signing key'),
  });
}
