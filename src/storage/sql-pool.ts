/** A few connections to a database: bounded, quick to fail while it is away, and back by themselves. */
import type { Log } from '../log.ts';
import type { OpenConnection, Run, SqlConnection } from './sql-connection.ts';
import { asSqlError, SqlError } from './sql-error.ts';
import { inTime } from './sql-in-time.ts';
import { SqlOutage } from './sql-outage.ts';

const MAX_CONNECTIONS = 10;
const MAX_WAITING = 1000;
const CONNECT_MS = 1000;
/** A connection that nobody needed for so long, and at most twice as long, is ended. */
const IDLE_MS = 30_000;
/** How long no more connections are asked of a server that has none left, nor new ones in place of old. */
const PAUSE_MS = 1000;

interface SqlPoolOptions {
  readonly open: OpenConnection;
  readonly label: string;
  readonly log: Log;
  readonly random: () => number;
  readonly idleMs?: number;
}

/**
 * The database is away when it cannot be connected to, or was silent until an operation's limit.
 * From then on all operations fail at once, and a probe asks it every second at most.
 */
export class SqlPool {
  readonly #open: OpenConnection;
  readonly #outage: SqlOutage;
  /** Those that take statements; `#idle` ones have none under way. */
  readonly #ready = new Set<SqlConnection>();
  readonly #idle = new Set<SqlConnection>();
  readonly #opening = new Set<SqlConnection>();
  /** To be ended as soon as they are free. */
  readonly #stale = new WeakSet<SqlConnection>();
  #unused = new Set<SqlConnection>();
  readonly #waiting = new Set<PromiseWithResolvers<SqlConnection>>();
  #closed = false;
  #crowded: NodeJS.Timeout | undefined;
  #renewed: NodeJS.Timeout | undefined;
  readonly #reaping: NodeJS.Timeout;

  constructor({ open, label, log, random, idleMs = IDLE_MS }: SqlPoolOptions) {
    this.#open = open;
    this.#outage = new SqlOutage({ ask: () => this.#ask(), label, log, random });
    this.#reaping = setInterval(() => this.#reap(), idleMs).unref();
  }

  /** Resolves when it is connected, or after a second in which it could not be. */
  async start(): Promise<void> {
    await this.#outage.askNow();
  }

  /** @throws {SqlError} the database is away, or this is closed. */
  assertReady(): void {
    if (this.#closed) throw new SqlError({ code: 'closed' });
    if (this.#outage.error) throw this.#outage.error;
  }

  /**
   * Does some work on one connection, for which it waits until `turnLimit`: time is left to work.
   *
   * @throws {SqlError} it failed, or `limit` was over first.
   */
  async use<T>(limit: AbortSignal, work: (run: Run) => Promise<T>, turnLimit = limit): Promise<T> {
    const connection = await this.#take(turnLimit);
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
    this.#markStale();
    for (const connection of this.#idle) this.#end(connection);
  }

  /** Ends all at once, waiting for nobody. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#reaping);
    this.#outage.close();
    for (const timer of [this.#crowded, this.#renewed]) clearTimeout(timer);
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
    const waiter = Promise.withResolvers<SqlConnection>();
    this.#waiting.add(waiter);
    this.#fill();
    try {
      return await inTime(waiter.promise, limit, new SqlError({ code: 'no connection was free' }));
    } finally {
      this.#waiting.delete(waiter);
    }
  }

  /** Gives a free connection to who waits longest. */
  #offer(connection: SqlConnection): void {
    if (!this.#ready.has(connection)) return;
    if (this.#closed || this.#stale.has(connection)) {
      this.#end(connection);
      this.#fill();
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
    if (this.#outage.error || this.#crowded || this.#closed) return;
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
    if (this.#closed || this.#outage.error) return;
    if (this.#ready.size === 0) {
      // Where nobody waits for it any more, who comes next finds out.
      if (this.#waiting.size > 0) this.#leave(error);
      return;
    }
    this.#outage.say(error);
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
    if (this.#closed || this.#outage.error) return;
    this.#outage.begin(error);
    this.#turnAway(error);
    this.#markStale();
    for (const connection of this.#idle) this.#break(connection);
  }

  #markStale(): void {
    for (const connection of [...this.#ready, ...this.#opening]) this.#stale.add(connection);
  }

  #turnAway(error: SqlError): void {
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
  }

  /** Asks for an answer, since something between may let us connect to nobody. */
  async #ask(): Promise<void> {
    const limit = AbortSignal.timeout(CONNECT_MS);
    const connection = await this.#connect();
    try {
      await inTime(connection.run('SELECT 1'), limit, new SqlError({ code: 'silent' }));
    } catch (error) {
      this.#break(connection);
      throw error;
    }
    this.#offer(connection);
  }

  /** Ends those that nobody has needed since this was called last. */
  #reap(): void {
    for (const connection of this.#unused) this.#end(connection);
    this.#unused = new Set(this.#idle);
  }
}
