/** `sqlite:<file>` – a file that the processes of one machine share, by Node's own SQLite. */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { Misconfigured } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Backend, Failure } from './backend.ts';
import { explainSqliteFailure, isBusy, whyUnusable } from './sqlite-failure.ts';
import type { Replaced } from './storage.ts';

const SWEEP_MS = 600_000;
/** Waited for another program's write, in all, and between two tries at most. */
const BUSY_MS = 1000;
const MAX_PAUSE_MS = 50;

interface SqliteBackendOptions {
  /** Relative to the working directory; its folder is made. */
  readonly file: string;
  readonly now: () => number;
  readonly log: Log;
}

/** Expired rows count as absent, and are swept at the start and every ten minutes. */
export class SqliteBackend implements Backend {
  readonly adapter = this;
  readonly label: string;
  readonly shared = true;
  readonly opts = {};
  readonly #now: () => number;
  readonly #log: Log;
  readonly #database: DatabaseSync;
  readonly #get: StatementSync;
  readonly #set: StatementSync;
  readonly #delete: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #remove: StatementSync;
  readonly #sweep: StatementSync;
  readonly #erase: StatementSync;
  readonly #sweeping: NodeJS.Timeout;

  /** @throws {Misconfigured} the file cannot be opened or is no database. */
  constructor({ file, now, log }: SqliteBackendOptions) {
    this.label = `sqlite:${file}`;
    this.#now = now;
    this.#log = log;
    this.#database = openDatabase(file);
    const prepare = (sql: string) => this.#database.prepare(sql);
    this.#get = prepare('SELECT value FROM records WHERE name = ? AND expires_at > ?');
    this.#set = prepare(
      `INSERT INTO records (name, value, expires_at) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
    );
    this.#delete = prepare('DELETE FROM records WHERE name = ?');
    this.#insert = prepare(
      `INSERT INTO records (name, value, expires_at) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
       WHERE records.expires_at <= ?`,
    );
    this.#update = prepare(
      'UPDATE records SET value = ?, expires_at = ? WHERE name = ? AND value = ? AND expires_at > ?',
    );
    this.#remove = prepare('DELETE FROM records WHERE name = ? AND value = ? AND expires_at > ?');
    this.#sweep = prepare('DELETE FROM records WHERE expires_at <= ?');
    this.#erase = prepare('DELETE FROM records WHERE substr(name, 1, length(?1)) = ?1');
    // From here on waiting is done between tries: SQLite's own holds up the whole process.
    this.#database.exec('PRAGMA busy_timeout = 0');
    this.sweep();
    this.#sweeping = setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  get(name: string): Promise<string | undefined> {
    return patiently(() => this.#read(name));
  }

  set(name: string, value: string, ttlMs: number): Promise<boolean> {
    return patiently(() => this.#set.run(name, value, this.#now() + ttlMs).changes > 0);
  }

  delete(name: string): Promise<boolean> {
    return patiently(() => this.#delete.run(name).changes > 0);
  }

  clear(): void {
    this.#database.exec('DELETE FROM records');
  }

  replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<Replaced> {
    return patiently(() => this.#replace(name, expected, next, ttlMs));
  }

  erase(prefix: string): Promise<number> {
    return patiently(() => Number(this.#erase.run(prefix).changes));
  }

  assertReady(): void {}

  explain(error: unknown): Failure {
    return explainSqliteFailure(error);
  }

  /** Deletes what has expired, as soon as the file is free. */
  sweep(): void {
    patiently(() => this.#sweep.run(this.#now())).catch((error: unknown) => {
      // Expired rows count as absent all the same, and the next sweep takes them.
      if (!this.#database.isOpen) return;
      const { reason } = this.explain(error);
      this.#log.warn({ event: 'store_sweep_failed', store: this.label, reason }, 'not swept');
    });
  }

  close(): void {
    clearInterval(this.#sweeping);
    this.#database.close();
  }

  #read(name: string): string | undefined {
    const value = this.#get.get(name, this.#now())?.['value'];
    return typeof value === 'string' ? value : undefined;
  }

  #replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Replaced {
    const now = this.#now();
    if (next === undefined) {
      if (expected === undefined) return this.#read(name) === undefined ? 'replaced' : 'conflict';
      return changed(this.#remove.run(name, expected, now));
    }
    const expiresAt = now + ttlMs;
    if (expected === undefined) return changed(this.#insert.run(name, next, expiresAt, now));
    return changed(this.#update.run(next, expiresAt, name, expected, now));
  }
}

function changed({ changes }: { changes: number | bigint }): Replaced {
  return changes > 0 ? 'replaced' : 'conflict';
}

/** Tries again while another program writes; between tries this process does its other work. */
async function patiently<T>(work: () => T): Promise<T> {
  let pauseMs = 1;
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    try {
      return work();
    } catch (error) {
      // Busy is no failure yet.
      if (!isBusy(error) || waitedMs >= BUSY_MS) throw error;
    }
    pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
    await wait(pauseMs);
  }
}

function openDatabase(file: string): DatabaseSync {
  if (file === '') throw new Misconfigured('TokenCache:Store: write it like sqlite:<file>.');
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // For this user alone; SQLite gives the files beside it the same mode.
    if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
    const database = new DatabaseSync(file, { timeout: BUSY_MS });
    // A record that was acknowledged survives a crash of this process; a power cut may take the last ones.
    // A record is some 6 kB, and what it leaves of its last page is lost: smaller pages, less of that.
    database.exec(
      'PRAGMA page_size = 2048; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;',
    );
    database.exec(
      `CREATE TABLE IF NOT EXISTS records (
         name TEXT PRIMARY KEY, value TEXT NOT NULL, expires_at INTEGER NOT NULL
       ) STRICT;
       CREATE INDEX IF NOT EXISTS records_expiry ON records (expires_at);`,
    );
    return database;
  } catch (error) {
    const why = whyUnusable(file, error);
    throw new Misconfigured(`TokenCache:Store: the SQLite file ${file} cannot be used: ${why}.`, {
      cause: error,
    });
  }
}
