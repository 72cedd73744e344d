/** A few connections to a database: bounded, quick to fail while it is away, and back by themselves. */
import type { Log } from '../log.ts';
import type { OpenConnection, Run, SqlConnection } from './sql-connection.ts';
import { codeOf, SqlError } from './sql-error.ts';
import { inTime } from './sql-in-time.ts';

const MAX_CONNECTIONS = 10;
const MAX_WAITING = 1000;
const CONNECT_MS = 1000;
/** A connection that nobody needed for so long, and at most twice as long, is ended. */
const IDLE_MS = 30_000;
/** How long no more connections are asked of a server that has none left, nor new ones in place of old. */
const PAUSE_MS = 1000;
const FIRST_PROBE_MS = 50;

interface SqlPoolOptions {
  readonly open: OpenConnection;
  readonly label: string;
  readonly log: Log;
  readonly random: () => number;
  readonly idleMs?: number;
}

interface Waiter {
  readonly resolve: (connection: SqlConnection) => void;
  readonly reject: (error: SqlError) => void;
}

/**
 * The database is away when it cannot be connected to, or was silent until an operation's limit.
 * From then on all operations fail at once, and a probe asks it every second at most.
 */
export class SqlPool {
  readonly #open: OpenConnection;
  readonly #label: string;
  readonly #log: Log;
  readonly #random: () => number;
  /** Those that take statements; `#idle` ones have none under way. */
  readonly #ready = new Set<SqlConnection>();
  readonly #idle = new Set<SqlConnection>();
  readonly #opening = new Set<SqlConnection>();
  /** To be ended as soon as they are free. */
  readonly #stale = new WeakSet<SqlConnection>();
  #unused = new Set<SqlConnection>();
  readonly #waiting = new Set<Waiter>();
  readonly #said = new Set<string>();
  #away: SqlError | undefined = new SqlError({ code: 'not connected' });
  #closed = false;
  #probing: NodeJS.Timeout | undefined;
  #crowded: NodeJS.Timeout | undefined;
  #renewed: NodeJS.Timeout | undefined;
  readonly #reaping: NodeJS.Timeout;

  constructor({ open, label, log, random, idleMs = IDLE_MS }: SqlPoolOptions) {
    this.#open = open;
    this.#label = label;
    this.#log = log;
    this.#random = random;
    this.#reaping = setInterval(() => this.#reap(), idleMs).unref();
  }

  /** Resolves when it is connected, or after a second in which it could not be. */
  async start(): Promise<void> {
    await this.#probe(FIRST_PROBE_MS);
  }

  /** @throws {SqlError} the database is away, or this is closed. */
  assertReady(): void {
    if (this.#closed) throw new SqlError({ code: 'closed' });
    if (this.#away) throw this.#away;
  }

  /**
   * Does some work on one connection.
   *
   * @throws {SqlError} it failed, or `limit` was over first.
   */
  async use<T>(limit: AbortSignal, work: (run: Run) => Promise<T>): Promise<T> {
    const connection = await this.#take(limit);
    const silent = new SqlError({ code: 'silent', outcome: 'unknown' });
    try {
      const result = await inTime(work(connection.run), limit, silent);
      this.#offer(connection);
      return result;
    } catch (error) {
      // A connection on which the statement was refused is as good as before.
      if (error instanceof SqlError && error.outcome === 'not-done') this.#offer(connection);
      else this.#break(connection);
      if (error === silent) this.#leave(new SqlError({ code: 'silent' }));
      throw error;
    }
  }

  /** Connects anew, at most once a second: after a failover its address leads to another server. */
  renew(): void {
    if (this.#closed || this.#renewed) return;
    this.#renewed = setTimeout(() => {
      this.#renewed = undefined;
    }, PAUSE_MS).unref();
    for (const connection of this.#ready) this.#stale.add(connection);
    for (const connection of this.#idle) this.#end(connection);
  }

  /** Ends all at once, waiting for nobody. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#reaping);
    for (const timer of [this.#probing, this.#crowded, this.#renewed]) clearTimeout(timer);
    this.#turnAway(new SqlError({ code: 'closed' }));
    for (const connection of this.#idle) this.#end(connection);
    for (const connection of [...this.#ready, ...this.#opening]) connection.destroy();
  }

  async #take(limit: AbortSignal): Promise<SqlConnection> {
    this.assertReady();
    // The one used last, so that what is not needed stays unused and is ended.
    const idle = [...this.#idle].at(-1);
    if (idle) {
      this.#idle.delete(idle);
      this.#unused.delete(idle);
      return idle;
    }
    if (this.#waiting.size >= MAX_WAITING) throw new SqlError({ code: 'too many wait' });
    const { promise, resolve, reject } = Promise.withResolvers<SqlConnection>();
    const waiter = { resolve, reject };
    this.#waiting.add(waiter);
    this.#fill();
    try {
      return await inTime(promise, limit, new SqlError({ code: 'no connection was free' }));
    } finally {
      this.#waiting.delete(waiter);
    }
  }

  /** Gives a free connection to who waits longest. */
  #offer(connection: SqlConnection): void {
    if (!this.#ready.has(connection)) return;
    if (this.#closed || this.#stale.has(connection)) {
      this.#end(connection);
      return;
    }
    const [waiter] = this.#waiting;
    if (!waiter) {
      this.#idle.add(connection);
      return;
    }
    this.#waiting.delete(waiter);
    waiter.resolve(connection);
  }

  /** Opens as many connections as are waited for. */
  #fill(): void {
    if (this.#away || this.#crowded || this.#closed) return;
    const free = MAX_CONNECTIONS - this.#ready.size - this.#opening.size;
    const wanted = Math.min(free, this.#waiting.size - this.#opening.size);
    for (let i = 0; i < wanted; i += 1) {
      this.#connect().then(
        (connection) => this.#offer(connection),
        (error: unknown) => this.#onNotConnected(asSqlError(error)),
      );
    }
  }

  async #connect(): Promise<SqlConnection> {
    const connection = this.#open(() => this.#onLost(connection));
    this.#opening.add(connection);
    try {
      const limit = AbortSignal.timeout(CONNECT_MS);
      await inTime(connection.ready, limit, new SqlError({ code: 'ETIMEDOUT' }));
      this.#ready.add(connection);
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    } finally {
      this.#opening.delete(connection);
    }
  }

  /** With others at work, what is lacking is room for one more; else the database is away. */
  #onNotConnected(error: SqlError): void {
    if (this.#closed || this.#away) return;
    if (this.#ready.size === 0) {
      this.#leave(error);
      return;
    }
    this.#say(error);
    this.#crowded ??= setTimeout(() => {
      this.#endCrowd();
      this.#fill();
    }, PAUSE_MS).unref();
  }

  #onLost(connection: SqlConnection): void {
    this.#forget(connection);
    if (this.#ready.size === 0) this.#endCrowd();
    this.#fill();
  }

  #endCrowd(): void {
    clearTimeout(this.#crowded);
    this.#crowded = undefined;
  }

  #end(connection: SqlConnection): void {
    this.#forget(connection);
    connection.end();
  }

  #break(connection: SqlConnection): void {
    this.#forget(connection);
    connection.destroy();
  }

  #forget(connection: SqlConnection): void {
    for (const set of [this.#ready, this.#idle, this.#unused]) set.delete(connection);
  }

  #leave(error: SqlError): void {
    if (this.#closed || this.#away) return;
    this.#say(error);
    this.#away = error;
    this.#turnAway(error);
    for (const connection of this.#ready) this.#stale.add(connection);
    for (const connection of this.#idle) this.#break(connection);
    this.#probeIn(FIRST_PROBE_MS);
  }

  #turnAway(error: SqlError): void {
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
  }

  #probeIn(pauseMs: number): void {
    this.#probing = setTimeout(
      () => {
        this.#probe(Math.min(2 * pauseMs, PAUSE_MS)).catch(() => undefined);
      },
      pauseMs * (0.75 + this.#random() / 4),
    ).unref();
  }

  /** Asks it for an answer, since something between may let us connect to nobody. */
  async #probe(nextPauseMs: number): Promise<void> {
    const limit = AbortSignal.timeout(CONNECT_MS);
    let connection: SqlConnection | undefined;
    try {
      connection = await this.#connect();
      await inTime(connection.run('SELECT 1'), limit, new SqlError({ code: 'silent' }));
    } catch (error) {
      // It is away still, and asked again.
      if (connection) this.#break(connection);
      if (this.#closed) return;
      this.#away = notDone(asSqlError(error));
      this.#say(this.#away);
      this.#probeIn(nextPauseMs);
      return;
    }
    if (this.#closed) return;
    this.#away = undefined;
    this.#said.clear();
    this.#log.info({ event: 'database_ready', store: this.#label }, 'connected to the database');
    this.#offer(connection);
  }

  /** Ends those that nobody has needed since this was called last. */
  #reap(): void {
    for (const connection of this.#unused) this.#end(connection);
    this.#unused = new Set(this.#idle);
  }

  /** Said once for each reason until it is connected again, not at every attempt. */
  #say({ reason, state }: SqlError): void {
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    const level = state === 'down' ? 'warn' : 'error';
    const about = { event: 'database_failed', store: this.#label, reason, state };
    this.#log[level](about, 'the database cannot be reached');
  }
}

function asSqlError(error: unknown): SqlError {
  return error instanceof SqlError ? error : new SqlError({ code: codeOf(error) ?? 'unexpected' });
}

/** What a probe met was no operation of anybody's. */
function notDone({ code, reason, state }: SqlError): SqlError {
  return new SqlError({ code, reason, state });
}
