/** What is kept of an account, for the person it is of: never a token. */
import { createHash } from 'node:crypto';
import type { Identity } from '../token-response.ts';
import type { AccountRecord } from './account-record.ts';
import { standingRefusals } from './restraint.ts';
import type { TokenSet } from './token-set.ts';

/** A kept access token without the token; times in epoch milliseconds. */
export interface TokenOverview {
  /** Names the token's place in a form; says nothing to anyone else. */
  readonly id: string;
  /** A tenant other than the one signed in to. */
  readonly tenantId: string | undefined;
  /** Lower case; empty for Microsoft Graph. */
  readonly resource: string;
  /** Lower-case permissions of the resource. */
  readonly granted: readonly string[];
  readonly asked: readonly string[];
  readonly gotAt: number;
  /** When it is due for renewal. */
  readonly refreshAt: number;
  readonly expiresAt: number;
}

/** Permissions that the authority gives only once the person has been asked. */
export interface RefusalOverview {
  readonly reason: 'consent' | 'interaction';
  readonly tenantId: string | undefined;
  readonly resource: string;
  readonly asked: readonly string[];
}

export interface AccountOverview {
  readonly identity: Identity;
  /** The one got last comes last. */
  readonly tokens: readonly TokenOverview[];
  /** What the authority has said within the last minute. */
  readonly refusals: readonly RefusalOverview[];
  /** Whether tokens can be renewed without the person. */
  readonly refreshToken: 'good' | 'dead' | 'absent';
  /** By the hashes of their ids; those that have ended are left out. */
  readonly sessions: readonly { readonly name: string; readonly endsAt: number }[];
}

export function overviewOf(record: AccountRecord, now: number): AccountOverview {
  const { identity, refreshToken, sessions, slots } = record;
  return {
    identity,
    tokens: Object.entries(slots).map(([key, slot]) => ({
      id: slotId(key),
      tenantId: slot.tenantId,
      resource: slot.resource,
      granted: slot.granted,
      asked: slot.asked,
      gotAt: slot.gotAt,
      refreshAt: slot.refreshAt,
      expiresAt: slot.expiresAt,
    })),
    refusals: standingRefusals(record, now).flatMap(({ reason, ...asked }) =>
      reason === 'misconfigured' ? [] : [{ reason, ...asked }],
    ),
    refreshToken: refreshToken?.state ?? 'absent',
    sessions: sessions
      .filter(({ endsAt }) => endsAt > now)
      .map(({ id, endsAt }) => ({ name: id, endsAt })),
  };
}

/** The set without the token of one slot; `undefined` if there is none. */
export function withoutSlot<T extends TokenSet>(tokens: T, id: string): T | undefined {
  const entries = Object.entries(tokens.slots);
  const left = entries.filter(([key]) => slotId(key) !== id);
  return left.length < entries.length ? { ...tokens, slots: Object.fromEntries(left) } : undefined;
}

function slotId(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
