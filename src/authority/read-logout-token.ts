/** Reads a logout token: the authority's signed word that a session, or a person, has ended there. */
import { z } from 'zod';
import type { AppError } from '../errors.ts';
import type { Authority } from './create-authority.ts';
import { failedIssuer } from './failed-issuer.ts';
import { accountIdOfSubject } from './identity.ts';
import { TOLERANCE_SECONDS, verifyJwt, wrong } from './verify-jwt.ts';

export interface LogoutToken {
  readonly issuer: string;
  /** The authority's session that ended; all of the account's when there is none. */
  readonly sid: string | undefined;
  /** As a sign-in of its subject gets it; a subject of Entra ID does not tell it. */
  readonly accountId: string | undefined;
  /** Unique for this issuer: seen again, it is a replay. */
  readonly id: string;
  /** Until when a copy of it would be taken, in epoch ms: its id has to be remembered so long. */
  readonly expiresAt: number;
  /** A sign-in that was begun later than this, in epoch ms, is newer than it: clocks need not agree. */
  readonly begunBy: number;
}

export type ReadLogoutToken =
  | { readonly kind: 'valid'; readonly token: LogoutToken }
  /** The key it is signed with is not known now: it may be valid. */
  | { readonly kind: 'unknown-key'; readonly cause: AppError }
  /** `check` is what it failed. */
  | { readonly kind: 'wrong'; readonly check: string };

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TYPES = ['logout+jwt', 'application/logout+jwt', 'jwt'];
const MAX_LENGTH = 16_384;
/** Older ones are refused, so that ids need not be remembered for longer than that. */
const MAX_AGE_SECONDS = 600;

const id = z.string().min(1).max(1024);
const claimsSchema = z.object({
  iss: z.string(),
  iat: z.number(),
  exp: z.number(),
  jti: id,
  events: z.object({ [EVENT]: z.looseObject({}) }),
  // Only an ID token has one, and must never pass for this.
  nonce: z.never().optional(),
  sub: id.optional(),
  sid: id.optional(),
});

/**
 * Checks a logout token (OpenID Connect Back-Channel Logout §2.6) up to its replay, which only a
 * memory of ids can see.
 *
 * @throws {Unavailable} the authority's metadata is not known, and cannot be had now.
 * @throws {Misconfigured} the configured authority is not what answers.
 */
export async function readLogoutToken(
  authority: Authority,
  logoutToken: string,
): Promise<ReadLogoutToken> {
  if (logoutToken.length > MAX_LENGTH) return wrong('length');
  const { settings, signingKeys } = authority;
  const verified = await verifyJwt(logoutToken, {
    clientId: settings.clientId,
    keys: signingKeys,
    now: authority.now(),
    maxAgeSeconds: MAX_AGE_SECONDS,
    isFromAnyone: true,
  });
  if (verified.kind === 'untimely') return wrong(verified.check);
  if (verified.kind !== 'verified') return verified;

  const { payload, header, key } = verified;
  if (!TYPES.includes(header.typ?.toLowerCase() ?? 'jwt')) return wrong('typ');
  const { success, data: claims, error } = claimsSchema.safeParse(payload);
  if (!success) return wrong(String(error.issues[0]?.path[0]));
  const metadata = await authority.metadata.current();
  const { iss, sub, sid } = claims;
  const failed = failedIssuer({ authority: settings.authority, metadata }, iss, key);
  if (failed) return wrong(failed);
  const isPlain = settings.authority.kind === 'oidc';
  const accountId = isPlain && sub !== undefined ? accountIdOfSubject({ iss, sub }) : undefined;
  if (accountId === undefined && sid === undefined) return wrong('sub or sid');
  const expiresAt = lastTakenAt(claims);
  const begunBy = (claims.iat + 1 + TOLERANCE_SECONDS) * 1000;
  const token = { issuer: iss, sid, accountId, id: claims.jti, expiresAt, begunBy };
  return { kind: 'valid', token };
}

/** Times are compared in whole seconds, and so an age is passed one second later. */
function lastTakenAt({ exp, iat }: { readonly exp: number; readonly iat: number }): number {
  const endsAtSeconds = Math.min(exp, iat + MAX_AGE_SECONDS + 1) + TOLERANCE_SECONDS;
  return Math.ceil(endsAtSeconds * 1000);
}
