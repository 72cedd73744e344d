/** A kept access token: whether it serves a request, and how long it is good for. */
import { createHash } from 'node:crypto';
import { type ScopeSet, scopeSet } from '../scope-set.ts';
import type { AccessToken, TokenRequest } from './account.ts';
import type { WantedToken } from './forced-renewal.ts';
import { slotKey } from './slot-key.ts';
import type { Slot, TokenSet } from './token-set.ts';

/**
 * How good a kept token is: `fresh`; `due`, good but past its time for renewal; `late`, only for
 * when the authority is away.
 */
export interface KeptToken extends AccessToken {
  readonly state: 'fresh' | 'due' | 'late';
  readonly gotAt: number;
}

const LAST_RESORT_MS = 30_000;
const FUTILE_MS = 60_000;

export interface NewToken {
  readonly tenantId?: string | undefined;
  readonly accessToken: string;
  readonly scopes: readonly string[];
  readonly askedScopes: readonly string[];
  readonly expiresInSeconds: number;
  readonly refreshInSeconds: number | undefined;
  readonly claims?: string | undefined;
  readonly afterRefusal?: boolean;
}

/**
 * A slot for a token got now. It is renewed at `refresh_in`, else at half its life, up to a tenth
 * of its life earlier so that many do not fall due together; `random` gives 0 to 1.
 */
export function newSlot(token: NewToken, now: number, random: () => number): Slot {
  const lifeMs = token.expiresInSeconds * 1000;
  const renewMs = (token.refreshInSeconds ?? token.expiresInSeconds / 2) * 1000;
  const asked = scopeSet(token.askedScopes);
  return {
    ...(token.tenantId === undefined ? {} : { tenantId: token.tenantId.toLowerCase() }),
    resource: asked.resource,
    granted: [...scopeSet(token.scopes).permissions],
    asked: [...asked.permissions],
    accessToken: token.accessToken,
    gotAt: now,
    refreshAt: now + renewMs - random() * Math.min(300_000, lifeMs / 10),
    expiresAt: now + lifeMs,
    ...(token.claims === undefined ? {} : { claims: token.claims }),
    ...(token.afterRefusal ? { afterRefusal: true } : {}),
  };
}

/**
 * The kept token that answers the request: the one written last, for it may be the stronger one;
 * one near its end only if there is no other.
 */
export function findToken(
  tokens: TokenSet,
  request: WantedToken,
  now: number,
): KeptToken | undefined {
  const slots = Object.values(tokens.slots);
  const { refused, newerThan } = request;
  const passedAt = slots.findIndex((slot) => slot.accessToken === (refused ?? newerThan));
  const wanted = scopeSet(request.scopes);
  let late: KeptToken | undefined;
  for (const [at, slot] of [...slots.entries()].reverse()) {
    const later = passedAt >= 0 ? at - passedAt : undefined;
    if (!isFor(slot, request, wanted) || !serves(slot, request, later, now)) continue;
    const state = stateOf(slot, now);
    const { accessToken: value, expiresAt, gotAt } = slot;
    const kept = state && { value, expiresAt, state, gotAt };
    if (kept && kept.state !== 'late') return kept;
    late ??= kept;
  }
  return late;
}

/** What was asked and not granted counts as served: asking again would get the same answer, for ever. */
function isFor(slot: Slot, { tenantId }: TokenRequest, wanted: ScopeSet): boolean {
  if (slot.resource !== wanted.resource || slot.tenantId !== tenantId?.toLowerCase()) return false;
  const permissions = [...wanted.permissions];
  return (
    permissions.every((permission) => slot.granted.includes(permission)) ||
    permissions.every((permission) => slot.asked.includes(permission))
  );
}

/**
 * A token written after the refused one serves whatever claims it was got with. `later` is how many
 * places it comes after that one, or the one to be followed by another, which may itself be gone.
 */
function serves(
  slot: Slot,
  { claims, refused }: WantedToken,
  later: number | undefined,
  now: number,
): boolean {
  if (later === 0 && refused !== undefined) return isRenewalFutile(slot, now);
  if (later !== undefined && later <= 0) return false;
  return refused !== undefined || claims === undefined || claims === slot.claims;
}

/** An API that refuses even the token got in place of a refused one is not helped by a third. */
function isRenewalFutile({ afterRefusal, gotAt }: Slot, now: number): boolean {
  return afterRefusal === true && now - gotAt < FUTILE_MS;
}

function stateOf(slot: Slot, now: number): KeptToken['state'] | undefined {
  const marginMs = Math.min(300_000, (slot.expiresAt - slot.gotAt) / 4);
  if (now < slot.expiresAt - marginMs) return now < slot.refreshAt ? 'fresh' : 'due';
  return now < slot.expiresAt - Math.min(LAST_RESORT_MS, marginMs) ? 'late' : undefined;
}

/** One text for equal requests, safe to hold as a key: tokens are hashed. */
export function requestKey(request: WantedToken): string {
  const { tenantId, scopes, claims, refused, newerThan } = request;
  const hashes = [refused, newerThan].map(
    (token) => token && createHash('sha256').update(token).digest('base64url'),
  );
  return JSON.stringify([slotKey(tenantId, scopeSet(scopes)), claims, ...hashes]);
}
