/** The token broker: every account's tokens, and a valid access token for whoever asks. */
import { AppError, SignInRequired, Unavailable } from '../errors.ts';
import type { ReadOptions } from '../storage/storage.ts';
import type { AccessToken, Account, Broker, Redemption, TokenRequest } from './account.ts';
import { type AccountRecord, accountExpiry, isUsable } from './account-record.ts';
import { AppTokenFlight, tokenSetExpiry } from './app-token-flight.ts';
import { AuthorityQuiet } from './authority-quiet.ts';
import type { BrokerParts } from './broker-parts.ts';
import { Flights, within } from './flights.ts';
import { type WantedToken, wantedToken } from './forced-renewal.ts';
import { KeptAccounts } from './kept-accounts.ts';
import { Outbox } from './outbox.ts';
import { RecordStore } from './record-store.ts';
import { RefreshFlight } from './refresh-flight.ts';
import { restraintOn } from './restraint.ts';
import { findToken, type KeptToken, requestKey } from './slot.ts';
import type { TokenBrokerOptions } from './token-broker-options.ts';
import { NO_TOKENS, type TokenSet } from './token-set.ts';

/** Where the tokens of a request are kept, and how new ones are got. */
interface Source<T extends TokenSet> {
  /** `undefined` if there is nobody any more to have tokens. */
  read(options?: ReadOptions): Promise<T | undefined>;
  canRenew(tokens: T): boolean;
  renew(wanted: WantedToken): Promise<AccessToken>;
}

const CALLER_WAIT_MS = 20_000;
/** How long a caller waits for a better token than the one near its end. */
const LATE_WAIT_MS = 2000;
/** Kept back, when it closes, for what the store has not taken yet. */
const DRAIN_MS = 2000;

export class TokenBroker implements Broker {
  readonly #options: TokenBrokerOptions;
  readonly #parts: BrokerParts;
  readonly #accounts: RecordStore<AccountRecord>;
  readonly #kept: KeptAccounts;
  readonly #apps: RecordStore<TokenSet>;
  readonly #outbox: Outbox;
  readonly #flights: Flights;

  constructor(options: TokenBrokerOptions) {
    const { storage, names, clock, log } = options;
    this.#options = options;
    const quiet = new AuthorityQuiet({ storage, names, now: clock.now });
    this.#parts = { ...options, quiet };
    this.#accounts = new RecordStore({ records: options.accounts, expiry: accountExpiry });
    this.#kept = new KeptAccounts({ ...options, accounts: this.#accounts });
    this.#apps = new RecordStore({ records: options.apps, expiry: tokenSetExpiry });
    this.#outbox = new Outbox(clock, log);
    this.#flights = new Flights(log);
  }

  acquireToken(account: Account, request: TokenRequest): Promise<AccessToken> {
    const name = this.#nameOf(account.id);
    return this.#acquire(request, {
      read: async (options) => {
        const record = await this.#accounts.read(name, options);
        return isUsable(record, account, this.#options.isAdmitted) ? record : undefined;
      },
      canRenew: ({ refreshToken }) => refreshToken?.state === 'good',
      renew: (wanted) =>
        this.#flights.join(`${name} ${account.epoch} ${requestKey(wanted)}`, name, () => {
          const { refresh, newId } = this.#options;
          const kept = { accounts: this.#accounts, outbox: this.#outbox };
          const parts = { ...this.#parts, ...kept, refresh, newId };
          return new RefreshFlight(parts, account, wanted).run();
        }),
    });
  }

  acquireAppToken(request: TokenRequest): Promise<AccessToken> {
    const name = this.#options.names.forSite(request.tenantId, 'app');
    return this.#acquire(request, {
      read: async (options) => (await this.#apps.read(name, options)) ?? NO_TOKENS,
      canRenew: () => true,
      renew: (wanted) =>
        this.#flights.join(`${name} ${requestKey(wanted)}`, name, () => {
          const { requestAppToken } = this.#options;
          const parts = { ...this.#parts, apps: this.#apps, requestAppToken };
          return new AppTokenFlight(parts, wanted).run();
        }),
    });
  }

  describe(account: Account, sessionId: string, options?: ReadOptions) {
    return this.#kept.describe(account, sessionId, options);
  }

  inspect(account: Account, sessionId: string, options?: ReadOptions) {
    return this.#kept.inspect(account, sessionId, options);
  }

  keep(redemption: Redemption): Promise<Account> {
    return this.#kept.keep(redemption);
  }

  tie(account: Account, from: string, to: string): Promise<boolean> {
    return this.#kept.tie(account, from, to);
  }

  forget(account: Account, sessionId: string): Promise<void> {
    return this.#kept.forget(account, sessionId);
  }

  untie(account: Account, sessionId: string): Promise<void> {
    return this.#kept.untie(account, sessionId);
  }

  revoke(accountId: string, begunBy?: number): Promise<readonly string[]> {
    return this.#kept.revoke(accountId, begunBy);
  }

  removeToken(account: Account, tokenId: string): Promise<void> {
    return this.#kept.removeToken(account, tokenId);
  }

  /** Ends its work: waits for flights and unwritten tokens, for at most `ms`. */
  async close(ms: number): Promise<void> {
    const { clock, log } = this.#options;
    const endsAt = clock.monotonic() + ms;
    const left = await this.#flights.settled(ms - Math.min(ms / 2, DRAIN_MS));
    if (left > 0) log.error({ event: 'refresh_abandoned', count: left }, ABANDONED);
    await this.#outbox.close(endsAt - clock.monotonic());
  }

  async #acquire<T extends TokenSet>(
    request: TokenRequest,
    source: Source<T>,
  ): Promise<AccessToken> {
    const { clock } = this.#options;
    // A copy near at hand may only say yes: whatever else it says is asked of the store.
    const near = request.forceRefresh ? undefined : await source.read({ near: true });
    const atHand = near && findToken(near, request, clock.now());
    if (atHand?.state === 'fresh') return atHand;
    const tokens = await source.read();
    if (!tokens) throw new SignInRequired('no-session');
    const wanted = wantedToken(tokens, request, clock.now());
    const kept = findToken(tokens, wanted, clock.now());
    if (kept?.state === 'fresh') return kept;
    const restraint = restraintOn(tokens, wanted, clock.now());
    if (kept && (restraint || !source.canRenew(tokens))) return kept;
    if (restraint) throw restraint;
    const flight = source.renew(wanted);
    if (kept?.state === 'due') return kept;
    const waitMs = this.#options.callerWaitMs ?? CALLER_WAIT_MS;
    try {
      return await within(flight, kept ? Math.min(waitMs, LATE_WAIT_MS) : waitMs);
    } catch (error) {
      if (error instanceof Unavailable) {
        // Another process may have got further meanwhile.
        const found = await this.#look(source, wanted);
        if (found?.state === 'fresh') return found;
      }
      // A token near its end is better than none, unless the account itself is gone.
      const isGone = error instanceof SignInRequired && error.reason === 'no-session';
      if (kept && error instanceof AppError && !isGone) return kept;
      throw error;
    }
  }

  async #look<T extends TokenSet>(
    source: Source<T>,
    wanted: WantedToken,
  ): Promise<KeptToken | undefined> {
    try {
      const tokens = await source.read();
      return tokens && findToken(tokens, wanted, this.#options.clock.now());
    } catch {
      // The failure that is known already says enough.
      return undefined;
    }
  }

  #nameOf(accountId: string): string {
    return this.#options.names.forAccount(accountId, 'account');
  }
}

const ABANDONED = 'the site stops while refreshes are under way: what they bring may be lost';
