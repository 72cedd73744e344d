/** A store in a table of a database that any number of instances share. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../log.ts';
import type { Backend, Failure } from './backend.ts';
import type { OpenConnection, Run } from './sql-connection.ts';
import { codeOf, SqlError } from './sql-error.ts';
import { SqlPool } from './sql-pool.ts';
import type { SqlTable } from './sql-table.ts';
import type { Replaced } from './storage.ts';

/** For all of an operation; a store answers within 1.5 s, and looks for lost writes at the end. */
const LIMIT_MS = 1100;
/** Nothing is tried again that began so late that it might end as unknown. */
const TRY_AGAIN_MS = LIMIT_MS / 2;
/** How long it waits for a connection, so that there is time left to work. */
const TURN_MS = 800;
const TRIES = 20;
const MAX_TRY_PAUSE_MS = 20;
const SWEEP_MS = 600_000;
const SWEEP_AT_ONCE = 100;
const SWEEP_PAUSE_MS = 20;
const ERASE_AT_ONCE = 500;

interface SqlBackendOptions {
  readonly label: string;
  readonly table: SqlTable;
  readonly open: OpenConnection;
  readonly log: Log;
  readonly random: () => number;
}

/** Expired rows are swept, a few at once, at the start and about every ten minutes. */
export class SqlBackend implements Backend {
  readonly adapter = this;
  readonly label: string;
  readonly shared = true;
  readonly opts = {};
  readonly #table: SqlTable;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #pool: SqlPool;
  #creating: Promise<unknown> | undefined;
  #sweeping: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor({ label, table, open, log, random }: SqlBackendOptions) {
    this.label = label;
    this.#table = table;
    this.#log = log;
    this.#random = random;
    this.#pool = new SqlPool({ open, label, log, random });
  }

  /** A backend that is connected, or goes on connecting. */
  static async start(options: SqlBackendOptions): Promise<SqlBackend> {
    const backend = new SqlBackend(options);
    await backend.#pool.start();
    backend.#sweepRegularly();
    return backend;
  }

  get(name: string): Promise<string | undefined> {
    return this.#do((run) => this.#table.get(run, name), isLost);
  }

  async set(name: string, value: string, ttlMs: number): Promise<boolean> {
    await this.#do((run) => this.#table.set(run, name, value, ttlMs));
    return true;
  }

  delete(name: string): Promise<boolean> {
    return this.#do((run) => this.#table.delete(run, name));
  }

  async clear(): Promise<void> {
    await this.erase('');
  }

  async replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<Replaced> {
    const isReplaced = await this.#do((run) => this.#replace(run, name, expected, next, ttlMs));
    return isReplaced ? 'replaced' : 'conflict';
  }

  async erase(prefix: string): Promise<number> {
    let count = 0;
    for (;;) {
      const list = (run: Run) => this.#table.list(run, prefix, ERASE_AT_ONCE);
      const names = await this.#do(list, isLost);
      if (names.length === 0) return count;
      count += await this.#do((run) => this.#table.deleteAll(run, names));
    }
  }

  assertReady(): void {
    this.#pool.assertReady();
  }

  explain(error: unknown): Failure {
    if (!(error instanceof SqlError)) {
      return { reason: codeOf(error) ?? 'unexpected', outcome: 'unknown', state: 'down' };
    }
    // After a failover behind one address these connections may be with the old primary still.
    if (error.state === 'readonly') this.#pool.renew();
    return error;
  }

  /** Deletes what has expired. */
  async sweep(): Promise<void> {
    try {
      for (;;) {
        const swept = await this.#do((run) => this.#table.sweep(run, SWEEP_AT_ONCE));
        if (swept < SWEEP_AT_ONCE) return;
        await wait(SWEEP_PAUSE_MS, undefined, { ref: false });
      }
    } catch (error) {
      // Expired rows count as absent all the same, and the next sweep takes them.
      if (this.#closed) return;
      const { reason } = this.explain(error);
      this.#log.warn({ event: 'store_sweep_failed', store: this.label, reason }, 'not swept');
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#sweeping);
    this.#pool.close();
  }

  #replace(
    run: Run,
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<boolean> {
    const table = this.#table;
    if (expected === undefined) {
      if (next !== undefined) return table.insert(run, name, next, ttlMs);
      return table.get(run, name).then((value) => value === undefined);
    }
    if (next === undefined) return table.remove(run, name, expected);
    return table.update(run, name, expected, next, ttlMs);
  }

  /** Tries again after a lost race, an absent table, and what else `isHarmless` says. */
  async #do<T>(work: (run: Run) => Promise<T>, isHarmless = (_: SqlError) => false): Promise<T> {
    const limit = AbortSignal.timeout(LIMIT_MS);
    const tryAgain = AbortSignal.timeout(TRY_AGAIN_MS);
    const turn = AbortSignal.timeout(TURN_MS);
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#pool.use(limit, work, turn);
      } catch (error) {
        if (!(error instanceof SqlError) || tries >= TRIES || tryAgain.aborted) throw error;
        // Else it may have been done, or fails for a reason that does not pass.
        if (error.mend === undefined && !isHarmless(error)) throw error;
        if (error.mend === 'create') await this.#create(limit);
        else await wait(this.#random() * Math.min(2 ** tries, MAX_TRY_PAUSE_MS));
      }
    }
  }

  /** Makes the table, once for all that wait for it. */
  async #create(limit: AbortSignal): Promise<void> {
    this.#creating ??= this.#pool
      .use(limit, (run) => this.#table.create(run))
      .finally(() => {
        this.#creating = undefined;
      });
    try {
      await this.#creating;
    } catch (error) {
      // Another process made it in the same moment.
      if (!(error instanceof SqlError) || error.mend !== 'again') throw error;
    }
  }

  #sweepRegularly(): void {
    if (this.#closed) return;
    const pauseMs = SWEEP_MS * (0.9 + 0.2 * this.#random());
    this.#sweeping = setTimeout(() => this.#sweepRegularly(), pauseMs).unref();
    this.sweep().catch(() => undefined);
  }
}

/** A read may be done twice: the server had ended a connection that was idle, perhaps. */
function isLost({ outcome, code }: SqlError): boolean {
  return outcome === 'unknown' && code !== 'silent';
}
