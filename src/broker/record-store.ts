/** Reads and changes of the broker's records: a change is applied to a fresh copy until it is written. */
import { Unavailable } from '../errors.ts';
import type { Kept, Records } from '../records.ts';
import type { ReadOptions } from '../storage/storage.ts';

/** What became of a change: `left` when there was a record and nothing to change in it. */
export type Changed = 'written' | 'left' | 'absent';

export interface RecordStoreOptions<T> {
  readonly records: Records<T>;
  /** When a record is of no more use; `undefined` when it is of none now, and is deleted. */
  readonly expiry: (record: T) => number | undefined;
}

const ROUNDS = 50;

export class RecordStore<T> {
  readonly #options: RecordStoreOptions<T>;

  constructor(options: RecordStoreOptions<T>) {
    this.#options = options;
  }

  /** @throws {Unavailable} the store does not answer, or the record's key is not known here. */
  async read(name: string, options?: ReadOptions): Promise<T | undefined> {
    return (await this.#options.records.read(name, options))?.value;
  }

  /**
   * Writes what `change` makes of the record as it is now; `undefined` leaves it. `change` may run
   * several times.
   *
   * @throws {Unavailable} the store did not take it, or may not have: running it again is safe.
   */
  async change(name: string, change: (record: T) => T | undefined): Promise<Changed> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const kept = await this.#options.records.read(name);
      if (!kept) return 'absent';
      const next = change(kept.value);
      if (!next) return 'left';
      if (await this.#write(name, kept, next)) return 'written';
    }
    throw busy();
  }

  /**
   * Writes what `make` makes of the record, or of none; a record that cannot be opened here counts
   * as none and is overwritten.
   *
   * @throws {Unavailable} the store did not take it.
   */
  async put(name: string, make: (record: T | undefined) => T): Promise<T> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const kept = await this.#readForOverwrite(name);
      const next = make(kept?.value);
      if (await this.#write(name, kept, next)) return next;
    }
    throw busy();
  }

  /** Deletes a record, readable here or not. @throws {Unavailable} it may still be there. */
  async erase(name: string): Promise<void> {
    await this.#options.records.erase(name);
  }

  async #write(name: string, kept: Kept<T> | undefined, next: T): Promise<boolean> {
    const { records, expiry } = this.#options;
    const expiresAt = expiry(next);
    if (expiresAt === undefined) return kept ? records.remove(name, kept) : true;
    const options = { overwriteUnreadable: kept === undefined };
    return (await records.replace(name, kept, next, expiresAt, options)) !== undefined;
  }

  async #readForOverwrite(name: string): Promise<Kept<T> | undefined> {
    try {
      return await this.#options.records.read(name);
    } catch (error) {
      // Unreadable or away: if it is the store that is away, the write that follows fails and says so.
      if (error instanceof Unavailable) return undefined;
      throw error;
    }
  }
}

function busy(): Unavailable {
  return new Unavailable('Your account is busy: too many changes at once.');
}
