/** What keeps the same failing request from being sent again and again, by any process. */
import { z } from 'zod';
import { Misconfigured, SignInRequired, Unavailable } from '../errors.ts';
import { scopeSet } from '../scope-set.ts';
import type { TokenRequest } from './account.ts';
import { readSlotKey, slotKey } from './slot-key.ts';
import type { Refusal, TokenSet } from './token-set.ts';

/** An administrator may consent meanwhile, or the operator mend the credential: nothing tells us. */
const REFUSED_MS = 60_000;
const MISCONFIGURED_MS = 30_000;
const MAX_REFUSALS = 20;
/** A blip is not held against the authority; what fails more often is asked ever less. */
const FREE_FAILURES = 2;
const FIRST_QUIET_MS = 5000;
const LONGEST_QUIET_MS = 60_000;

const REFUSES_US = 'The sign-in service refuses this site itself. Its operator has to mend that.';

/**
 * What the authority would answer, as far as it is known without asking: it wants quiet, or it has
 * said within the last minute, under the same grant, that it wants the person.
 *
 * Entra ID ends a request that is sent 15 times in 5 minutes with AADSTS50196.
 */
export function restraintOn(
  record: TokenSet,
  request: TokenRequest,
  now: number,
): SignInRequired | Unavailable | Misconfigured | undefined {
  const refusal = record.refusals[refusalKey(request)];
  if (refusal && now < refusal.until) {
    const { reason, claims } = refusal;
    if (reason === 'misconfigured') {
      const cause = new Error('the authority refused this site less than 30 s ago');
      return new Misconfigured(REFUSES_US, { cause });
    }
    return new SignInRequired(reason, { scopes: request.scopes, claims });
  }
  if (!record.quiet || now >= record.quiet.until) return undefined;
  const retryAfterSeconds = Math.ceil((record.quiet.until - now) / 1000);
  return new Unavailable('The sign-in service is busy. Try again shortly.', { retryAfterSeconds });
}

/** The record with the failure of a refresh noted, if there is something to note. */
export function withFailure<T extends TokenSet>(
  record: T,
  request: TokenRequest,
  error: unknown,
  now: number,
): T | undefined {
  if (error instanceof Unavailable) return withQuiet(record, error, now);
  const refusal = refusalOf(error, now);
  if (!refusal) return undefined;
  const others = Object.entries(record.refusals).filter(([, { until }]) => now < until);
  const newest = others.slice(1 - MAX_REFUSALS);
  const refusals = Object.fromEntries([...newest, [refusalKey(request), refusal]]);
  return { ...record, refusals };
}

function refusalOf(error: unknown, now: number): Refusal | undefined {
  if (error instanceof Misconfigured) {
    return { reason: 'misconfigured', until: now + MISCONFIGURED_MS };
  }
  if (!(error instanceof SignInRequired)) return undefined;
  const { reason, claims } = error;
  if (reason !== 'consent' && reason !== 'interaction') return undefined;
  return { reason, until: now + REFUSED_MS, ...(claims ? { claims } : {}) };
}

/** The record once the authority has answered well. */
export function withoutFailures<T extends TokenSet>(record: T): T {
  return { ...record, quiet: undefined };
}

function withQuiet<T extends TokenSet>(record: T, error: Unavailable, now: number): T {
  const failures = (record.quiet?.failures ?? 0) + 1;
  const grown = FIRST_QUIET_MS * 2 ** Math.min(failures - FREE_FAILURES - 1, 10);
  const ownMs = failures <= FREE_FAILURES ? 0 : Math.min(grown, LONGEST_QUIET_MS);
  const askedMs = error.isRetryAfterGiven ? error.retryAfterSeconds * 1000 : 0;
  return { ...record, quiet: { until: now + Math.max(ownMs, askedMs), failures } };
}

/** What was refused, and is not asked for again yet. */
export function standingRefusals(record: TokenSet, now: number) {
  return Object.entries(record.refusals)
    .filter(([, { until }]) => now < until)
    .map(([key, { reason }]) => ({ reason, ...readSlotKey(slotKeyOf(key)) }));
}

const refusalKeySchema = z.tuple([z.string()], z.unknown());

function slotKeyOf(refusalKey: string): string {
  return refusalKeySchema.parse(JSON.parse(refusalKey))[0];
}

function refusalKey({ tenantId, scopes, claims }: TokenRequest): string {
  return JSON.stringify([slotKey(tenantId, scopeSet(scopes)), claims]);
}
