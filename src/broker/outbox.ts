/** Writes that the store did not take: kept in memory, written again until it does, drained at shutdown. */
import type { Clock } from '../clock.ts';
import { Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';

interface Entry {
  readonly accountId: string;
  readonly write: () => Promise<void>;
  readonly since: number;
  sending: Promise<boolean> | undefined;
}

const MAX_ENTRIES = 1000;
const MAX_AGE_MS = 3_600_000;

/** Bounded: past 1000 entries the oldest is given up, and each after an hour, with an alarm in the log. */
export class Outbox {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #entries = new Set<Entry>();
  #retrying: Promise<void> | undefined;
  #closed = false;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes a write that can be repeated without harm. */
  add(accountId: string, write: () => Promise<void>): void {
    if (this.#closed) {
      this.#sayLost(1);
      return;
    }
    this.#entries.add({ accountId, write, since: this.#clock.monotonic(), sending: undefined });
    for (const oldest of this.#entries) {
      const isTooOld = this.#clock.monotonic() - oldest.since > MAX_AGE_MS;
      if (this.#entries.size <= MAX_ENTRIES && !isTooOld) break;
      this.#entries.delete(oldest);
      this.#sayLost(1);
    }
    this.#retrying ??= this.#retry();
  }

  /**
   * Writes what waits for an account, before anyone reads its record to refresh.
   *
   * @throws {Unavailable} the store still does not take it.
   */
  async flush(accountId: string): Promise<void> {
    for (const entry of this.#entries) {
      if (entry.accountId === accountId && !(await this.#send(entry))) {
        throw new Unavailable('The store is away; your tokens are safe. Try again shortly.');
      }
    }
  }

  /** Writes what it can within `ms`, and takes note of what it could not. */
  async close(ms: number): Promise<void> {
    const giveUpAt = this.#clock.monotonic() + ms;
    while (this.#entries.size > 0 && this.#clock.monotonic() < giveUpAt) {
      await Promise.all([...this.#entries].map((entry) => this.#send(entry)));
      if (this.#entries.size > 0) await this.#clock.sleep(100);
    }
    this.#closed = true;
    if (this.#entries.size > 0) this.#sayLost(this.#entries.size);
  }

  #sayLost(count: number): void {
    this.#log.error({ event: 'outbox_lost', count }, 'refreshed tokens were given up unwritten');
  }

  async #retry(): Promise<void> {
    for (let pauseMs = 250; this.#entries.size > 0; pauseMs = Math.min(pauseMs * 2, 5000)) {
      await this.#clock.sleep(pauseMs);
      if (this.#closed) break;
      // All of them: one that can never be written must not stand in the way of the others.
      for (const entry of this.#entries) await this.#send(entry);
    }
    this.#retrying = undefined;
  }

  #send(entry: Entry): Promise<boolean> {
    entry.sending ??= entry
      .write()
      .then(() => this.#entries.delete(entry))
      // Whatever the store says, the entry stays; the next round asks again.
      .catch(() => false)
      .finally(() => {
        entry.sending = undefined;
      });
    return entry.sending;
  }
}
