/** The table of records in the dialect that MySQL and MariaDB share. */
import type { Run } from './sql-connection.ts';
import { SqlError } from './sql-error.ts';
import {
  DEFAULT_TABLE_NAME,
  endOfPrefix,
  type SqlTable,
  type TableName,
  textsOf,
} from './sql-table.ts';

const NOW = 'UTC_TIMESTAMP(3)';
const EXPIRY = `${NOW} + INTERVAL ? * 1000 MICROSECOND`;
const DUPLICATE = '1062';

/** All texts are sent as bytes: no character set, collation or way of quoting has a say in them. */
export class MysqlTable implements SqlTable {
  readonly #create: string;
  readonly #get: string;
  readonly #set: string;
  readonly #delete: string;
  readonly #insert: string;
  readonly #revive: string;
  readonly #update: string;
  readonly #remove: string;
  readonly #expired: string;
  readonly #sweep: string;
  readonly #list: string;
  readonly #deleteAll: string;

  constructor({ schemaName, tableName = DEFAULT_TABLE_NAME }: TableName) {
    const table = [schemaName, tableName]
      .flatMap((name) => name ?? [])
      .map(quoted)
      .join('.');
    this.#create = `
      CREATE TABLE IF NOT EXISTS ${table} (
        name VARBINARY(255) NOT NULL PRIMARY KEY, value MEDIUMBLOB NOT NULL,
        expires_at DATETIME(3) NOT NULL, INDEX expiry (expires_at)
      ) ENGINE = InnoDB`;
    this.#get = `SELECT value FROM ${table} WHERE name = ? AND expires_at > ${NOW}`;
    this.#insert = `INSERT INTO ${table} (name, value, expires_at) VALUES (?, ?, ${EXPIRY})`;
    this.#set = `${this.#insert} ON DUPLICATE KEY UPDATE value = ?, expires_at = ${EXPIRY}`;
    this.#delete = `DELETE FROM ${table} WHERE name = ?`;
    const update = `UPDATE ${table} SET value = ?, expires_at = ${EXPIRY} WHERE name = ?`;
    this.#revive = `${update} AND expires_at <= ${NOW}`;
    this.#update = `${update} AND value = ? AND expires_at > ${NOW}`;
    this.#remove = `${this.#delete} AND value = ? AND expires_at > ${NOW}`;
    this.#list = `SELECT name FROM ${table} WHERE name >= ? AND name < ? ORDER BY name LIMIT ?`;
    this.#deleteAll = `DELETE FROM ${table} WHERE name IN (?)`;
    // Looked for first, so that the deletion locks these rows alone, and no gaps between rows.
    this.#expired = `SELECT name FROM ${table} WHERE expires_at <= ${NOW} LIMIT ?`;
    this.#sweep = `${this.#deleteAll} AND expires_at <= ${NOW}`;
  }

  create(run: Run): Promise<unknown> {
    return run(this.#create);
  }

  async get(run: Run, name: string): Promise<string | undefined> {
    return textsOf(await run(this.#get, [Buffer.from(name)]))[0];
  }

  set(run: Run, name: string, value: string, ttlMs: number): Promise<unknown> {
    const [key, bytes] = [Buffer.from(name), Buffer.from(value)];
    return run(this.#set, [key, bytes, ttlMs, bytes, ttlMs]);
  }

  async delete(run: Run, name: string): Promise<boolean> {
    return (await run(this.#delete, [Buffer.from(name)])).changes > 0;
  }

  async insert(run: Run, name: string, value: string, ttlMs: number): Promise<boolean> {
    const [key, bytes] = [Buffer.from(name), Buffer.from(value)];
    try {
      await run(this.#insert, [key, bytes, ttlMs]);
      return true;
    } catch (error) {
      // What is there may have expired. How many rows INSERT ON DUPLICATE KEY UPDATE counts would
      // not tell that it left one as it was.
      if (!(error instanceof SqlError) || error.code !== DUPLICATE) throw error;
      return (await run(this.#revive, [bytes, ttlMs, key])).changes > 0;
    }
  }

  async update(
    run: Run,
    name: string,
    expected: string,
    next: string,
    ttlMs: number,
  ): Promise<boolean> {
    const values = [Buffer.from(next), ttlMs, Buffer.from(name), Buffer.from(expected)];
    return (await run(this.#update, values)).changes > 0;
  }

  async remove(run: Run, name: string, expected: string): Promise<boolean> {
    return (await run(this.#remove, [Buffer.from(name), Buffer.from(expected)])).changes > 0;
  }

  async sweep(run: Run, atMost: number): Promise<number> {
    const names = textsOf(await run(this.#expired, [atMost]));
    return names.length === 0 ? 0 : this.#run(run, this.#sweep, names);
  }

  async list(run: Run, prefix: string, atMost: number): Promise<readonly string[]> {
    const bounds = [Buffer.from(prefix), Buffer.from(endOfPrefix(prefix))];
    return textsOf(await run(this.#list, [...bounds, atMost]));
  }

  deleteAll(run: Run, names: readonly string[]): Promise<number> {
    return this.#run(run, this.#deleteAll, names);
  }

  async #run(run: Run, sql: string, names: readonly string[]): Promise<number> {
    return (await run(sql, [names.map((name) => Buffer.from(name))])).changes;
  }
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
