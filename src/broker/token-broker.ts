/** The token broker: every account's tokens, and a valid access token for whoever asks. */
import type { Clock } from '../clock.ts';
import { AppError, SignInRequired, Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RecordNames } from '../record-names.ts';
import type { Records } from '../records.ts';
import { scopeSet } from '../scope-set.ts';
import type { Refresh } from '../token-response.ts';
import type {
  AccessToken,
  Account,
  AccountDetails,
  Broker,
  Redemption,
  TokenRequest,
} from './account.ts';
import type { AccountRecord } from './account-record.ts';
import { withSlot } from './account-record.ts';
import { AccountStore } from './account-store.ts';
import type { Lease } from './lease.ts';
import { Outbox } from './outbox.ts';
import { RefreshFlight } from './refresh-flight.ts';
import { restraintOn } from './restraint.ts';
import { findToken, newSlot, requestKey } from './slot.ts';

export interface TokenBrokerOptions {
  readonly records: Records<AccountRecord>;
  readonly names: RecordNames;
  readonly lease: Lease;
  readonly refresh: Refresh;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** An unguessable id. */
  readonly newId: () => string;
  /** How long a session may last: an account's record goes when its last session ends. */
  readonly sessionMs: number;
  /** How long a caller waits for a refresh before it is told to come back. */
  readonly callerWaitMs?: number;
}

const CALLER_WAIT_MS = 20_000;
/** How long a caller waits for a better token than the one near its end. */
const LATE_WAIT_MS = 2000;
/** Kept back, when it closes, for what the store has not taken yet. */
const DRAIN_MS = 2000;
/** Of one account; past them the one that signed in first is signed out. */
const MAX_SESSIONS = 50;

export class TokenBroker implements Broker {
  readonly #options: TokenBrokerOptions;
  readonly #accounts: AccountStore;
  readonly #outbox: Outbox;
  readonly #flights = new Map<string, Promise<AccessToken>>();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: TokenBrokerOptions) {
    this.#options = options;
    this.#accounts = new AccountStore(options.records, options.names);
    this.#outbox = new Outbox(options.clock, options.log);
  }

  async acquireToken(account: Account, request: TokenRequest): Promise<AccessToken> {
    const record = await this.#accounts.read(account.id);
    if (record?.epoch !== account.epoch) throw new SignInRequired('no-session');
    const kept = findToken(record, request, this.#options.clock.now());
    if (kept?.state === 'fresh') return kept;
    const restraint = restraintOn(record, request, this.#options.clock.now());
    if (kept && (restraint || record.refreshToken?.state !== 'good')) return kept;
    if (restraint) throw restraint;
    const flight = this.#join(account, request);
    if (kept?.state === 'due') return kept;
    const waitMs = this.#options.callerWaitMs ?? CALLER_WAIT_MS;
    try {
      return await within(flight, kept ? Math.min(waitMs, LATE_WAIT_MS) : waitMs);
    } catch (error) {
      // A token near its end is better than none, unless the account itself is gone.
      const isGone = error instanceof SignInRequired && error.reason === 'no-session';
      if (kept && error instanceof AppError && !isGone) return kept;
      throw error;
    }
  }

  async describe(account: Account, sessionId: string): Promise<AccountDetails | undefined> {
    const record = await this.#accounts.read(account.id);
    if (record?.epoch !== account.epoch) return undefined;
    const isTied = record.sessions.some(({ id }) => id === sessionId);
    return isTied ? { ...account, identity: record.identity } : undefined;
  }

  async keep(redemption: Redemption): Promise<Account> {
    const { clock, newId, random, sessionMs } = this.#options;
    const { identity, refreshToken, askedScopes } = redemption;
    const [epoch, grantId, refreshTokenId] = [newId(), newId(), newId()];
    const now = clock.now();
    const asked = scopeSet(askedScopes);
    const record = await this.#accounts.put(identity.accountId, (current) => {
      const sessions = (current?.sessions ?? [])
        .filter(({ id, endsAt }) => endsAt > now && id !== redemption.sessionId)
        .slice(1 - MAX_SESSIONS);
      const kept = refreshToken
        ? { id: refreshTokenId, value: refreshToken, state: 'good' as const }
        : current?.refreshToken;
      const next: AccountRecord = {
        epoch: current?.epoch ?? epoch,
        grantId,
        ...(kept ? { refreshToken: kept } : {}),
        slots: current?.slots ?? {},
        refusals: {},
        sessions: [...sessions, { id: redemption.sessionId, endsAt: now + sessionMs }],
        identity,
      };
      return asked.permissions.size > 0
        ? withSlot(next, asked, newSlot(redemption, now, random))
        : next;
    });
    return { id: identity.accountId, epoch: record.epoch };
  }

  async forget(account: Account, sessionId: string): Promise<void> {
    await this.#accounts.change(account.id, (record) => {
      if (record.epoch !== account.epoch) return undefined;
      const sessions = record.sessions.filter((session) => session.id !== sessionId);
      return sessions.length === record.sessions.length ? undefined : { ...record, sessions };
    });
  }

  /** Ends its work: waits for flights and unwritten tokens, for at most `ms`. */
  async close(ms: number): Promise<void> {
    const { clock } = this.#options;
    const endsAt = clock.monotonic() + ms;
    const turns = Promise.allSettled(this.#turns.values());
    // Whatever a flight brings after that is named in the log as lost.
    await within(turns, ms - Math.min(ms / 2, DRAIN_MS)).catch(() => undefined);
    await this.#outbox.close(endsAt - clock.monotonic());
  }

  /** The flight for this request: one for all in this process who want the same. */
  #join(account: Account, request: TokenRequest): Promise<AccessToken> {
    const key = requestKey(account, request);
    const running = this.#flights.get(key);
    if (running !== undefined) return running;
    const flight = this.#afterOthers(account.id, () => {
      const { lease, names, refresh, clock, log, random, newId } = this.#options;
      const parts = { accounts: this.#accounts, outbox: this.#outbox, lease, refresh, clock, log };
      return new RefreshFlight({ ...parts, names, random, newId }, account, request).run();
    }).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    flight.catch((error: unknown) => this.#sayBug(error));
    return flight;
  }

  /** Foreseen failures are said where they happen; any other is ours, and nobody may be waiting for it. */
  #sayBug(error: unknown): void {
    if (error instanceof AppError || !(error instanceof Error)) return;
    const { name, message, stack } = error;
    this.#options.log.error({ event: 'refresh_broke', name, problem: message, stack }, 'a bug');
  }

  /** Flights of one account take turns in this process, so that only one asks for the lease. */
  #afterOthers<T>(accountId: string, start: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(accountId) ?? Promise.resolve();
    const turn = before.then(start, start);
    this.#turns.set(accountId, turn);
    const leave = () => {
      if (this.#turns.get(accountId) === turn) this.#turns.delete(accountId);
    };
    turn.then(leave, leave);
    return turn;
  }
}

/** @throws {Unavailable} when the promise has not settled within `ms`; it goes on all the same. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Unavailable('Your tokens are still being renewed. Try again shortly.')),
      ms,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
