/** Writes that the store did not take: kept in memory, written again until it does, drained at shutdown. */
import type { Clock } from '../clock.ts';
import { Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';

interface Entry {
  readonly accountId: string;
  readonly write: () => Promise<void>;
  readonly since: number;
  /** Called once it is written, or given up. */
  readonly onEnd: () => void;
  sending: Promise<boolean> | undefined;
}

const MAX_ENTRIES = 1000;
const MAX_AGE_MS = 3_600_000;
const FIRST_PAUSE_MS = 250;
/** Shorter than what a process waits before it takes over a lease that stopped beating. */
const MAX_PAUSE_MS = 1000;

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

  /** Takes a write that can be repeated without harm. Resolves once it is written, or given up. */
  add(accountId: string, write: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const since = this.#clock.monotonic();
    const entry = { accountId, write, since, onEnd: resolve, sending: undefined };
    this.#entries.add(entry);
    if (this.#closed) this.#giveUp(entry);
    else this.#retrying ??= this.#retry();
    this.#giveUpOldest();
    return promise;
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
    for (const entry of this.#entries) this.#giveUp(entry);
  }

  #giveUpOldest(): void {
    for (const oldest of this.#entries) {
      const isTooOld = this.#clock.monotonic() - oldest.since > MAX_AGE_MS;
      if (this.#entries.size <= MAX_ENTRIES && !isTooOld) break;
      this.#giveUp(oldest);
    }
  }

  #giveUp(entry: Entry): void {
    this.#log.error({ event: 'outbox_lost' }, 'a refreshed token was given up unwritten');
    this.#end(entry);
  }

  #end(entry: Entry): void {
    this.#entries.delete(entry);
    entry.onEnd();
  }

  async #retry(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    for (; this.#entries.size > 0; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      await this.#clock.sleep(pauseMs);
      if (this.#closed) break;
      this.#giveUpOldest();
      // All of them: one that can never be written must not stand in the way of the others.
      for (const entry of this.#entries) await this.#send(entry);
    }
    this.#retrying = undefined;
  }

  #send(entry: Entry): Promise<boolean> {
    entry.sending ??= entry
      .write()
      .then(() => {
        this.#end(entry);
        return true;
      })
      // Whatever the store says, the entry stays; the next round asks again.
      .catch(() => false)
      .finally(() => {
        entry.sending = undefined;
      });
    return entry.sending;
  }
}
