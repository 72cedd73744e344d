/** Reads and changes of account records: a change is applied to a fresh copy until it is written. */
import { Unavailable } from '../errors.ts';
import type { RecordNames } from '../record-names.ts';
import type { Kept, Records } from '../records.ts';
import { type AccountRecord, recordExpiry } from './account-record.ts';

/** What became of a change: `left` when there was a record and nothing to change in it. */
export type Changed = 'written' | 'left' | 'absent';

const ROUNDS = 50;

export class AccountStore {
  readonly #records: Records<AccountRecord>;
  readonly #names: RecordNames;

  constructor(records: Records<AccountRecord>, names: RecordNames) {
    this.#records = records;
    this.#names = names;
  }

  /** @throws {Unavailable} the store does not answer, or the record's key is not known here. */
  async read(accountId: string): Promise<AccountRecord | undefined> {
    return (await this.#records.read(this.#name(accountId)))?.value;
  }

  /**
   * Writes what `change` makes of the record as it is now; `undefined` leaves it, a record without
   * sessions is deleted. `change` may run several times.
   *
   * @throws {Unavailable} the store did not take it, or may not have: running it again is safe.
   */
  async change(
    accountId: string,
    change: (record: AccountRecord) => AccountRecord | undefined,
  ): Promise<Changed> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const kept = await this.#records.read(this.#name(accountId));
      if (!kept) return 'absent';
      const next = change(kept.value);
      if (!next) return 'left';
      if (await this.#write(accountId, kept, next)) return 'written';
    }
    throw new Unavailable('Your account is busy: too many changes at once.');
  }

  /**
   * Writes what `make` makes of the record, or of none; a record that cannot be opened here counts
   * as none and is overwritten.
   *
   * @throws {Unavailable} the store did not take it.
   */
  async put(
    accountId: string,
    make: (record: AccountRecord | undefined) => AccountRecord,
  ): Promise<AccountRecord> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const kept = await this.#readForOverwrite(accountId);
      const next = make(kept?.value);
      if (await this.#write(accountId, kept, next)) return next;
    }
    throw new Unavailable('Your account is busy: too many changes at once.');
  }

  async #write(
    accountId: string,
    kept: Kept<AccountRecord> | undefined,
    next: AccountRecord,
  ): Promise<boolean> {
    const name = this.#name(accountId);
    if (kept && next.sessions.length === 0) return this.#records.remove(name, kept);
    const options = { overwriteUnreadable: kept === undefined };
    return (
      (await this.#records.replace(name, kept, next, recordExpiry(next), options)) !== undefined
    );
  }

  async #readForOverwrite(accountId: string): Promise<Kept<AccountRecord> | undefined> {
    try {
      return await this.#records.read(this.#name(accountId));
    } catch (error) {
      // Unreadable or away: if it is the store that is away, the write that follows fails and says so.
      if (error instanceof Unavailable) return undefined;
      throw error;
    }
  }

  #name(accountId: string): string {
    return this.#names.forAccount(accountId, 'account');
  }
}
