/** One refresh, from taking the lease to the written record; it runs on whether or not anyone waits. */
import { SignInRequired, Unavailable } from '../errors.ts';
import type { Refresh, RefreshAnswer, TokenResponse } from '../token-response.ts';
import type { AccessToken, Account } from './account.ts';
import { type AccountRecord, isUsable } from './account-record.ts';
import type { BrokerParts } from './broker-parts.ts';
import type { WantedToken } from './forced-renewal.ts';
import type { HeldLease } from './lease.ts';
import { sendWhileHeld, underLease } from './leased.ts';
import type { Outbox } from './outbox.ts';
import type { Changed, RecordStore } from './record-store.ts';
import { sayRefreshFailed } from './refresh-failure.ts';
import { restraintOn, withFailure, withoutFailures } from './restraint.ts';
import { findToken, newSlot } from './slot.ts';
import { withoutToken, withSlotSince } from './token-set.ts';

export interface RefreshFlightParts extends BrokerParts {
  readonly accounts: RecordStore<AccountRecord>;
  readonly outbox: Outbox;
  readonly refresh: Refresh;
  readonly newId: () => string;
}

/** What a refresh read, and may therefore update: its lineage. */
interface Lineage {
  readonly epoch: string;
  readonly grantId: string;
  readonly refreshTokenId: string;
}

/** How long a holder that went silent after sending is given to write what it got. */
const LATE_COMMIT_MS = 5000;
/** AADSTS70000 has been seen on a refresh token that worked the next time. */
const SOMETIMES_TRANSIENT = 70_000;

export class RefreshFlight {
  readonly #parts: RefreshFlightParts;
  readonly #account: Account;
  readonly #request: WantedToken;
  readonly #name: string;
  #retriedTransient = false;
  /** Whether a holder went silent before any of this flight's turns, and may still write what it got. */
  #followsSilent = false;

  constructor(parts: RefreshFlightParts, account: Account, request: WantedToken) {
    this.#parts = parts;
    this.#account = account;
    this.#request = request;
    this.#name = parts.names.forAccount(account.id, 'account');
  }

  /** The token that is there once it is this flight's turn, else the one a refresh brings. */
  async run(): Promise<AccessToken> {
    const { names, lease, outbox } = this.#parts;
    await outbox.flush(this.#account.id);
    const leaseName = names.forAccount(this.#account.id, 'lease');
    return await underLease(lease, leaseName, (held) => this.#attempt(held));
  }

  /** `undefined` when what was read no longer holds: start over. */
  async #attempt(held: HeldLease): Promise<AccessToken | undefined> {
    const { accounts, clock, quiet, refresh, isAdmitted } = this.#parts;
    const { scopes, tenantId, claims } = this.#request;
    this.#followsSilent ||= held.takenOver;
    const record = await accounts.read(this.#name);
    if (!isUsable(record, this.#account, isAdmitted)) throw new SignInRequired('no-session');
    const kept = findToken(record, this.#request, clock.now());
    if (kept?.state === 'fresh') return kept;
    const { refreshToken } = record;
    const restraint =
      restraintOn(record, this.#request, clock.now()) ?? (await quiet.restraint(tenantId));
    if (refreshToken?.state !== 'good' || restraint) {
      if (kept) return kept;
      throw restraint ?? this.#dead();
    }
    const lineage = {
      epoch: record.epoch,
      grantId: record.grantId,
      refreshTokenId: refreshToken.id,
    };
    let answer: RefreshAnswer | undefined;
    try {
      const { value } = refreshToken;
      const accountId = this.#account.id;
      answer = await sendWhileHeld(held, (beforeSend) =>
        refresh({ refreshToken: value, scopes, tenantId, claims, accountId, beforeSend }),
      );
    } catch (error) {
      this.#say(error, record);
      return await this.#afterRefusal(error, lineage);
    }
    return answer && (await this.#commit(answer, lineage, record, held));
  }

  /** What a failed refresh means for the record; throws what its callers are to be told. */
  async #afterRefusal(error: unknown, lineage: Lineage): Promise<undefined> {
    if (!(error instanceof SignInRequired) || error.reason !== 'refresh-token-dead') {
      await this.#note(error, lineage);
      throw error;
    }
    if (!this.#retriedTransient && error.detail.errorCodes?.includes(SOMETIMES_TRANSIENT)) {
      this.#retriedTransient = true;
      return undefined;
    }
    if (this.#followsSilent) await this.#parts.clock.sleep(LATE_COMMIT_MS);
    const changed = await this.#parts.accounts.change(this.#name, (record) =>
      record.refreshToken && isOf(lineage, record)
        ? { ...record, refreshToken: { ...record.refreshToken, state: 'dead' } }
        : undefined,
    );
    if (changed !== 'left') throw error;
    return undefined;
  }

  /** `error`: what came in place of tokens; `undefined` when another account's came. */
  #say(error: unknown, { identity }: AccountRecord): void {
    sayRefreshFailed(this.#parts, { identity, scopes: this.#request.scopes, error });
  }

  /** Remembers a failure for all processes. */
  async #note(error: unknown, lineage: Lineage): Promise<void> {
    const { accounts, clock, quiet } = this.#parts;
    await quiet.note(this.#request.tenantId, error);
    const change = (record: AccountRecord) =>
      isUnderGrant(lineage, record)
        ? withFailure(record, this.#request, error, clock.now())
        : undefined;
    // Without the note the authority may be asked once more, and no harm is done.
    await accounts.change(this.#name, change).catch(() => 'left');
  }

  async #commit(
    answer: RefreshAnswer,
    lineage: Lineage,
    read: AccountRecord,
    held: HeldLease,
  ): Promise<AccessToken | undefined> {
    const { clock, newId, random } = this.#parts;
    if (!isSameAccount(answer, read)) {
      this.#say(undefined, read);
      await this.#note(unjudged(), lineage);
      throw unjudged();
    }
    if (answer.kind === 'unverified') this.#say(answer.cause, read);
    const strayed = this.#strayed(answer, read);
    if (strayed) this.#say(strayed, read);
    const response = answer.kind === 'verified' && !strayed ? answer.response : undefined;
    const { refreshToken: brought } = answer.kind === 'verified' ? answer.response : answer;
    const slot = response && this.#slotFor(response, clock.now(), random);
    const successor = brought && { id: newId(), value: brought, state: 'good' as const };
    const change = (record: AccountRecord): AccountRecord | undefined => {
      const current = record.refreshToken;
      const mine = current?.id === lineage.refreshTokenId;
      if (!isUnderGrant(lineage, record)) {
        // A sign-in that brought no refresh token took this one over: its successor must follow.
        const isCarriedOver = mine && record.epoch === lineage.epoch;
        return isCarriedOver && successor ? { ...record, refreshToken: successor } : undefined;
      }
      const refreshToken = mine ? (successor ?? { ...current, state: 'good' as const }) : current;
      const kept = refreshToken ? { ...record, refreshToken } : record;
      if (!slot) return withFailure(kept, this.#request, strayed ?? unjudged(), clock.now());
      const good = withoutFailures(withoutToken(kept, this.#request.refused));
      return withSlotSince(good, read, slot);
    };
    if (answer.kind === 'unverified' && !successor) {
      await this.#note(unjudged(), lineage);
      throw answer.cause;
    }
    const changed = await this.#write(change, held);
    if (answer.kind === 'unverified') throw answer.cause;
    if (strayed) throw strayed;
    if (changed !== 'written') return undefined;
    return slot && { value: slot.accessToken, expiresAt: slot.expiresAt };
  }

  /** A change that must not be lost: what the store does not take goes to the outbox. */
  async #write(
    change: (record: AccountRecord) => AccountRecord | undefined,
    held: HeldLease,
  ): Promise<Changed> {
    const { accounts, outbox, log } = this.#parts;
    const write = () => accounts.change(this.#name, change);
    try {
      return await write();
    } catch (error) {
      // The store is away while the only copy of a new refresh token is here.
      if (!(error instanceof Unavailable)) throw error;
      log.warn({ event: 'write_deferred' }, 'a refreshed token waits for the store');
      const written = outbox.add(this.#account.id, async () => {
        await write();
      });
      // Until then the store has only the token that was spent, which nobody else is to send.
      held.keepFor(written);
      return 'written';
    }
  }

  #slotFor(response: TokenResponse, now: number, random: () => number) {
    const { scopes: askedScopes, tenantId, claims, refused } = this.#request;
    const afterRefusal = refused !== undefined;
    return newSlot({ ...response, askedScopes, tenantId, claims, afterRefusal }, now, random);
  }

  /**
   * The authority signs this account in to another tenant than it did, and no tenant was named: as
   * settings were changed. Such tokens are not for those who want the tenant signed in to.
   */
  #strayed(answer: RefreshAnswer, { identity }: AccountRecord): SignInRequired | undefined {
    const { scopes, claims, tenantId } = this.#request;
    const issuer = answer.kind === 'verified' ? answer.response.identity?.issuer : undefined;
    if (tenantId !== undefined || issuer === undefined || issuer === identity.issuer) return;
    return new SignInRequired('interaction', { scopes, claims });
  }

  #dead(): SignInRequired {
    const { scopes, claims } = this.#request;
    return new SignInRequired('refresh-token-dead', { scopes, claims });
  }
}

function isUnderGrant(lineage: Lineage, record: AccountRecord): boolean {
  return record.epoch === lineage.epoch && record.grantId === lineage.grantId;
}

function isOf(lineage: Lineage, record: AccountRecord): boolean {
  return isUnderGrant(lineage, record) && record.refreshToken?.id === lineage.refreshTokenId;
}

/** A refresh must speak of who signed in: the same account and, from the same issuer, the same subject. */
function isSameAccount(answer: RefreshAnswer, record: AccountRecord): boolean {
  const { accountId, issuer, subject } = record.identity;
  if (answer.kind === 'unverified')
    return answer.accountId === undefined || answer.accountId === accountId;
  const { identity } = answer.response;
  if (!identity) return true;
  return (
    identity.accountId === accountId && (identity.issuer !== issuer || identity.subject === subject)
  );
}

/** What is noted of an answer that could not be used: it is no word on when to ask again. */
function unjudged(): Unavailable {
  return new Unavailable('Your tokens could not be renewed just now.');
}
