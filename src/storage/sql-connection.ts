/** One connection to a database, whatever the library: what a pool needs of it. */

export type SqlValue = string | number | Buffer | readonly string[] | readonly Buffer[];

export interface SqlResult {
  readonly rows: readonly (readonly unknown[])[];
  /** How many rows were inserted, matched by an update, or deleted. */
  readonly changes: number;
}

/** Runs one statement. @throws {SqlError} */
export type Run = (sql: string, values?: readonly SqlValue[]) => Promise<SqlResult>;

export interface SqlConnection {
  /** Resolves when it takes statements. @throws {SqlError} it could not be made. */
  readonly ready: Promise<void>;
  readonly run: Run;
  /** Takes leave of the server, while nothing is under way, and waits for nothing. */
  end(): void;
  /** Breaks it, whatever is under way. */
  destroy(): void;
}

/** Begins to connect; calls back once, when the connection is gone. */
export type OpenConnection = (onLost: () => void) => SqlConnection;
