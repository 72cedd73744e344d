/** Whether a database is away, and the asking until it is back. */
import type { Log } from '../log.ts';
import { asSqlError, SqlError } from './sql-error.ts';

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1000;

interface SqlOutageOptions {
  /** Resolves if the database answers now. */
  readonly ask: () => Promise<void>;
  readonly label: string;
  readonly log: Log;
  readonly random: () => number;
}

/** It counts as away until it has answered for the first time. */
export class SqlOutage {
  readonly #options: SqlOutageOptions;
  readonly #said = new Set<string>();
  #error: SqlError | undefined = new SqlError({ code: 'not connected' });
  #asking: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SqlOutageOptions) {
    this.#options = options;
  }

  /** Why it is away; `undefined` while it is not. */
  get error(): SqlError | undefined {
    return this.#error;
  }

  begin(error: SqlError): void {
    this.#error = error;
    this.say(error);
    this.#askIn(FIRST_PAUSE_MS);
  }

  /** Asks, and goes on asking until it is answered. */
  async askNow(nextPauseMs = FIRST_PAUSE_MS): Promise<void> {
    const { ask, label, log } = this.#options;
    try {
      await ask();
    } catch (error) {
      // Away still; this was no operation of anybody's, so nothing is in doubt.
      if (this.#closed) return;
      const { code, reason, state } = asSqlError(error);
      this.#error = new SqlError({ code, reason, state });
      this.say(this.#error);
      this.#askIn(nextPauseMs);
      return;
    }
    if (this.#closed) return;
    this.#error = undefined;
    this.#said.clear();
    log.info({ event: 'database_ready', store: label }, 'connected to the database');
  }

  /** Said once for each reason until it is back, not at every attempt. */
  say({ reason, state }: SqlError): void {
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    const { label, log } = this.#options;
    const level = state === 'down' ? 'warn' : 'error';
    const about = { event: 'database_failed', store: label, reason, state };
    log[level](about, 'the database cannot be reached');
  }

  /** Ends the asking. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#asking);
  }

  #askIn(pauseMs: number): void {
    this.#asking = setTimeout(
      () => {
        this.askNow(Math.min(2 * pauseMs, MAX_PAUSE_MS)).catch(() => undefined);
      },
      pauseMs * (0.75 + this.#options.random() / 4),
    ).unref();
  }
}
