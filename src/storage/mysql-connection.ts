/** A connection to MySQL or MariaDB, by the library mysql2. */
import { connect, type Socket } from 'node:net';
import type { Connection, createConnection } from 'mysql2';
import { mysqlFailure, mysqlRefusal } from './mysql-failure.ts';
import type { MysqlUri } from './mysql-uri.ts';
import type { SqlConnection, SqlResult, SqlValue } from './sql-connection.ts';

/** How long a server may take to close what we ended. */
const FAREWELL_MS = 500;

/**
 * Whatever the server's defaults: each statement is committed by itself, no value is cut to fit, and
 * a statement waits a second for a lock, which is the least there is.
 */
const SESSION = `SET SESSION autocommit = 1, sql_mode = 'STRICT_ALL_TABLES',
  innodb_lock_wait_timeout = 1, lock_wait_timeout = 1`;

export class MysqlConnection implements SqlConnection {
  readonly ready: Promise<void>;
  readonly #socket: Socket;
  readonly #connection: Connection;

  constructor(
    create: typeof createConnection,
    { host, port, user, password, database, ssl }: MysqlUri,
    onLost: () => void,
  ) {
    this.#socket = connect({ host, port, keepAlive: true, noDelay: true });
    this.#connection = create({
      host,
      port,
      user,
      password,
      ...(database === undefined ? {} : { database }),
      ...(ssl === undefined ? {} : { ssl }),
      stream: this.#socket,
      rowsAsArray: true,
      // An update counts the rows it matched, those it left as they were too; no file of ours is asked for.
      flags: ['FOUND_ROWS', '-LOCAL_FILES'],
      connectTimeout: 0,
    });
    this.#socket.once('close', onLost);
    // What is under way fails with it, and the socket closes.
    this.#connection.on('error', () => undefined);
    this.ready = this.#connect();
  }

  readonly run = async (sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> => {
    try {
      const [result] = await this.#connection.promise().query({ sql, values: [...values] });
      if (!Array.isArray(result)) return { rows: [], changes: result.affectedRows };
      return { rows: result.map((row) => (Array.isArray(row) ? row : [])), changes: 0 };
    } catch (error) {
      throw mysqlFailure(error);
    }
  };

  end(): void {
    this.#connection.end(() => undefined);
    this.#socket.unref();
    setTimeout(() => this.#socket.destroy(), FAREWELL_MS).unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #connect(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#connection.connect((error) => (error ? reject(error) : resolve()));
    try {
      await promise;
      await this.#connection.promise().query(SESSION);
    } catch (error) {
      throw mysqlRefusal(error);
    }
  }
}
