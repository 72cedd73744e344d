/** The table of records in PostgreSQL's dialect. */
import type { Run } from './sql-connection.ts';
import {
  DEFAULT_TABLE_NAME,
  endOfPrefix,
  type SqlTable,
  type TableName,
  textsOf,
} from './sql-table.ts';

const EXPIRY = "now() + $3::double precision * interval '1 millisecond'";

export class PostgresTable implements SqlTable {
  readonly #create: string;
  readonly #get: string;
  readonly #set: string;
  readonly #delete: string;
  readonly #insert: string;
  readonly #update: string;
  readonly #remove: string;
  readonly #sweep: string;
  readonly #list: string;
  readonly #deleteAll: string;

  constructor({ schemaName, tableName = DEFAULT_TABLE_NAME }: TableName) {
    const table = [schemaName, tableName]
      .flatMap((name) => name ?? [])
      .map(quoted)
      .join('.');
    // One request, so that no table is left without its index.
    this.#create = `
      CREATE TABLE IF NOT EXISTS ${table} (
        name text COLLATE "C" PRIMARY KEY, value bytea NOT NULL, expires_at timestamptz NOT NULL
      );
      CREATE INDEX IF NOT EXISTS ${quoted(`${tableName}_expiry`)} ON ${table} (expires_at)`;
    this.#get = `SELECT value FROM ${table} WHERE name = $1 AND expires_at > now()`;
    this.#set = `
      INSERT INTO ${table} AS kept (name, value, expires_at) VALUES ($1, $2, ${EXPIRY})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`;
    this.#delete = `DELETE FROM ${table} WHERE name = $1`;
    this.#insert = `${this.#set} WHERE kept.expires_at <= now()`;
    this.#update = `
      UPDATE ${table} SET value = $2, expires_at = ${EXPIRY}
      WHERE name = $1 AND value = $4 AND expires_at > now()`;
    this.#remove = `DELETE FROM ${table} WHERE name = $1 AND value = $2 AND expires_at > now()`;
    // Rows that others hold are left to them, so that nobody waits for a sweep, nor it for anybody.
    this.#sweep = `
      DELETE FROM ${table} WHERE expires_at <= now() AND name = ANY (ARRAY(
        SELECT name FROM ${table} WHERE expires_at <= now() LIMIT $1 FOR UPDATE SKIP LOCKED
      ))`;
    this.#list = `
      SELECT name FROM ${table} WHERE name COLLATE "C" >= $1 AND name COLLATE "C" < $2
      ORDER BY name COLLATE "C" LIMIT $3`;
    this.#deleteAll = `DELETE FROM ${table} WHERE name = ANY ($1)`;
  }

  create(run: Run): Promise<unknown> {
    return run(this.#create);
  }

  async get(run: Run, name: string): Promise<string | undefined> {
    return textsOf(await run(this.#get, [name]))[0];
  }

  set(run: Run, name: string, value: string, ttlMs: number): Promise<unknown> {
    return run(this.#set, [name, Buffer.from(value), ttlMs]);
  }

  async delete(run: Run, name: string): Promise<boolean> {
    return (await run(this.#delete, [name])).changes > 0;
  }

  async insert(run: Run, name: string, value: string, ttlMs: number): Promise<boolean> {
    return (await run(this.#insert, [name, Buffer.from(value), ttlMs])).changes > 0;
  }

  async update(
    run: Run,
    name: string,
    expected: string,
    next: string,
    ttlMs: number,
  ): Promise<boolean> {
    const values = [name, Buffer.from(next), ttlMs, Buffer.from(expected)];
    return (await run(this.#update, values)).changes > 0;
  }

  async remove(run: Run, name: string, expected: string): Promise<boolean> {
    return (await run(this.#remove, [name, Buffer.from(expected)])).changes > 0;
  }

  async sweep(run: Run, atMost: number): Promise<number> {
    return (await run(this.#sweep, [atMost])).changes;
  }

  async list(run: Run, prefix: string, atMost: number): Promise<readonly string[]> {
    return textsOf(await run(this.#list, [prefix, endOfPrefix(prefix), atMost]));
  }

  async deleteAll(run: Run, names: readonly string[]): Promise<number> {
    return (await run(this.#deleteAll, [names])).changes;
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
