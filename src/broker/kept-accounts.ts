/** The accounts as they are kept: made by a sign-in, named by sessions, ended by the last sign-out. */
import { shownSession } from '../audit.ts';
import { EndMarks } from '../end-marks.ts';
import { SignInFailed, Unavailable } from '../errors.ts';
import { scopeSet } from '../scope-set.ts';
import type { ReadOptions } from '../storage/storage.ts';
import type { Identity } from '../token-response.ts';
import type { Account, AccountDetails, Redemption } from './account.ts';
import { type AccountOverview, overviewOf, withoutSlot } from './account-overview.ts';
import { type AccountRecord, isUsable } from './account-record.ts';
import type { RecordStore } from './record-store.ts';
import {
  findTie,
  findTieToGoOnFrom,
  pushedOut,
  type SessionTie,
  withoutTie,
  withoutTieAlone,
  withTie,
} from './session-ties.ts';
import { newSlot } from './slot.ts';
import type { IsAdmitted, TokenBrokerOptions } from './token-broker-options.ts';
import { withSlot } from './token-set.ts';

type KeptAccountsOptions = Pick<
  TokenBrokerOptions,
  | 'storage'
  | 'names'
  | 'clock'
  | 'audit'
  | 'newId'
  | 'random'
  | 'sessionMs'
  | 'isAdmitted'
  | 'authority'
> & { readonly accounts: RecordStore<AccountRecord> };

/** What the broker does with accounts, but for their tokens: see `Broker`. */
export class KeptAccounts {
  readonly #options: KeptAccountsOptions;
  readonly #accounts: RecordStore<AccountRecord>;
  readonly #ended: EndMarks;

  constructor(options: KeptAccountsOptions) {
    this.#options = options;
    this.#accounts = options.accounts;
    this.#ended = new EndMarks({ storage: options.storage, now: options.clock.now });
  }

  async describe(
    account: Account,
    sessionId: string,
    options?: ReadOptions,
  ): Promise<AccountDetails | undefined> {
    const record = await this.#tied(account, sessionId, options);
    return record && { ...account, identity: record.identity };
  }

  async inspect(
    account: Account,
    sessionId: string,
    options?: ReadOptions,
  ): Promise<AccountOverview | undefined> {
    const record = await this.#tied(account, sessionId, options);
    return record && overviewOf(record, this.#options.clock.now());
  }

  async keep(redemption: Redemption): Promise<Account> {
    const { clock, newId, random, sessionMs, isAdmitted, authority } = this.#options;
    const { identity, refreshToken, askedScopes, sessionId, from, begunAt } = redemption;
    const [epoch, grantId, refreshTokenId] = [newId(), newId(), newId()];
    const now = clock.now();
    const endsAt = Math.min(now + sessionMs, redemption.sessionEndsAt ?? Number.POSITIVE_INFINITY);
    let before: readonly SessionTie[] = [];
    const record = await this.#accounts.put(this.#nameOf(identity.accountId), (found) => {
      // Nothing goes on from an account that may not be used, or that signed in to another tenant under
      // other settings: no token, and no session, whose roles and groups are of that tenant.
      const isOther = found !== undefined && !goesOn(found, identity, isAdmitted);
      const current = isOther ? undefined : found;
      before = current?.sessions ?? [];
      const isEnded = from && !isOther && !findTieToGoOnFrom({ sessions: before }, from, now);
      if (isEnded) throw endedMeanwhile();
      const kept = refreshToken
        ? { id: refreshTokenId, value: refreshToken, state: 'good' as const }
        : current?.refreshToken;
      const next: AccountRecord = {
        epoch: current?.epoch ?? epoch,
        grantId,
        ...(kept ? { refreshToken: kept } : {}),
        slots: current?.slots ?? {},
        refusals: {},
        sessions: withTie(before, { id: sessionId, endsAt, begunAt, from }, now),
        identity,
        ...(authority === undefined ? {} : { authority }),
      };
      const isForResource = scopeSet(askedScopes).permissions.size > 0;
      // What else came with the code, such as the claims of an ID token, is no part of a slot.
      const token = { ...redemption, claims: undefined };
      return isForResource ? withSlot(next, newSlot(token, now, random)) : next;
    });
    this.#sayPushedOut(identity, pushedOut(before, record.sessions, now));
    const account = { id: identity.accountId, epoch: record.epoch };
    // Looked for after the write: an end that comes later finds the account there.
    if (await this.#ended.isMarked(this.#markOf(account.id), begunAt)) {
      await this.forget(account, sessionId);
      throw endedMeanwhile();
    }
    return account;
  }

  async tie(account: Account, from: string, to: string): Promise<boolean> {
    const now = this.#options.clock.now();
    let isTied = false;
    let sayPushedOut = () => {};
    await this.#accounts.change(this.#nameOf(account.id), (record) => {
      const isTheirs = isUsable(record, account, this.#options.isAdmitted);
      const tie = isTheirs ? findTieToGoOnFrom(record, from, now) : undefined;
      isTied = tie !== undefined;
      if (!tie) return undefined;
      const sessions = withTie(record.sessions, { ...tie, id: to, from }, now);
      const left = pushedOut(record.sessions, sessions, now);
      sayPushedOut = () => this.#sayPushedOut(record.identity, left);
      return { ...record, sessions };
    });
    if (isTied) sayPushedOut();
    return isTied;
  }

  async forget(account: Account, sessionId: string): Promise<void> {
    await this.#accounts.change(this.#nameOf(account.id), (record) =>
      record.epoch === account.epoch ? withoutTie(record, sessionId) : undefined,
    );
  }

  async untie(account: Account, sessionId: string): Promise<void> {
    await this.#accounts.change(this.#nameOf(account.id), (record) =>
      record.epoch === account.epoch ? withoutTieAlone(record, sessionId) : undefined,
    );
  }

  async revoke(accountId: string, begunBy?: number): Promise<readonly string[]> {
    const name = this.#nameOf(accountId);
    // First, so that a sign-in that is being kept finds the mark, or its session is found here.
    await this.#ended.mark(this.#markOf(accountId), begunBy);
    if (begunBy === undefined || begunBy >= this.#options.clock.now()) {
      const ended = await this.#sessionsIn(name);
      await this.#accounts.erase(name);
      return ended;
    }
    let ended: readonly SessionTie[] = [];
    await this.#accounts.change(name, (record) => {
      ended = record.sessions.filter(({ begunAt = 0 }) => begunAt <= begunBy);
      const sessions = record.sessions.filter((tie) => !ended.includes(tie));
      return ended.length > 0 ? { ...record, sessions } : undefined;
    });
    return ended.map(({ id }) => id);
  }

  async removeToken(account: Account, tokenId: string): Promise<void> {
    await this.#accounts.change(this.#nameOf(account.id), (record) =>
      record.epoch === account.epoch ? withoutSlot(record, tokenId) : undefined,
    );
  }

  /** The account's record, if the session is one of its own. */
  async #tied(
    account: Account,
    sessionId: string,
    { near = false }: ReadOptions = {},
  ): Promise<AccountRecord | undefined> {
    const record = await this.#accounts.read(this.#nameOf(account.id), { near });
    const now = this.#options.clock.now();
    const isTheirs = isUsable(record, account, this.#options.isAdmitted);
    if (isTheirs && findTie(record, sessionId, now)) return record;
    // A copy near at hand may only say yes: it may be older than this session.
    return near ? this.#tied(account, sessionId) : undefined;
  }

  /** None, where the record cannot be read: what is there can be ended all the same. */
  async #sessionsIn(name: string): Promise<readonly string[]> {
    try {
      const { sessions = [] } = (await this.#accounts.read(name)) ?? {};
      return sessions.map(({ id }) => id);
    } catch (error) {
      // A store that is away says so once more when the record is to be erased.
      if (!(error instanceof Unavailable)) throw error;
      return [];
    }
  }

  #sayPushedOut({ accountId, tenantId }: Identity, sessions: readonly SessionTie[]): void {
    const whose = { account: accountId, tenantId };
    for (const { id } of sessions) {
      this.#options.audit({ event: 'session_pushed_out', ...whose, session: shownSession(id) });
    }
  }

  #nameOf(accountId: string): string {
    return this.#options.names.forAccount(accountId, 'account');
  }

  #markOf(accountId: string): string {
    return this.#options.names.forAccount(accountId, 'ended');
  }
}

/** Whether what is kept is of the same account at the same place. */
function goesOn(found: AccountRecord, { issuer }: Identity, isAdmitted: IsAdmitted): boolean {
  return isAdmitted(found) && found.identity.issuer === issuer;
}

/** A sign-in that a sign-out has overtaken; to sign in again is all right. */
export function endedMeanwhile(): SignInFailed {
  return new SignInFailed(
    'ended-meanwhile',
    'You were signed out while this sign-in was under way, so it was not completed.',
  );
}
