/** What the statements on a table of records do, in whichever dialect they are. */
import type { Run, SqlResult } from './sql-connection.ts';

/** Where the table is: in the connection's own schema, unless one is named. */
export interface TableName {
  readonly schemaName?: string | undefined;
  readonly tableName?: string | undefined;
}

export const DEFAULT_TABLE_NAME = 'concierge_records';

/**
 * One statement does all of an operation, and expiry goes by the database's clock: those of the
 * processes may differ. What has expired counts as absent.
 */
export interface SqlTable {
  /** Makes the table, unless another did meanwhile. */
  create(run: Run): Promise<unknown>;
  get(run: Run, name: string): Promise<string | undefined>;
  set(run: Run, name: string, value: string, ttlMs: number): Promise<unknown>;
  delete(run: Run, name: string): Promise<boolean>;
  /** Where nothing is. */
  insert(run: Run, name: string, value: string, ttlMs: number): Promise<boolean>;
  /** Where `expected` is. */
  update(run: Run, name: string, expected: string, next: string, ttlMs: number): Promise<boolean>;
  /** Where `expected` is. */
  remove(run: Run, name: string, expected: string): Promise<boolean>;
  /** Deletes some of what has expired. @returns how many. */
  sweep(run: Run, atMost: number): Promise<number>;
  /** Some names that begin with `prefix`, in their order. */
  list(run: Run, prefix: string, atMost: number): Promise<readonly string[]>;
  /** @returns how many of these were there. */
  deleteAll(run: Run, names: readonly string[]): Promise<number>;
}

/** A text that follows all those that begin with `prefix`, which is ASCII, in the order of bytes. */
export function endOfPrefix(prefix: string): string {
  const last = prefix === '' ? 126 : prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

/** The first column of each row, which holds text or its bytes. */
export function textsOf({ rows }: SqlResult): readonly string[] {
  return rows.map(([cell]) => (Buffer.isBuffer(cell) ? cell.toString('utf8') : String(cell)));
}
