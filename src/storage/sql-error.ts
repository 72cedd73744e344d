/** A failure of a database, told by its code: what became of the statement, and what may be done. */
import type { Failure } from './backend.ts';
import type { StoreState } from './store-unavailable.ts';

interface SqlErrorOptions {
  /** A number or word of the database's or the system's, or of ours. */
  readonly code: string;
  /** For the log; the code, if that says enough. */
  readonly reason?: string;
  readonly outcome?: Failure['outcome'];
  readonly state?: StoreState;
  readonly mend?: 'again' | 'create' | undefined;
}

export class SqlError extends Error implements Failure {
  override readonly name = 'SqlError';
  readonly code: string;
  readonly reason: string;
  readonly outcome: Failure['outcome'];
  readonly state: StoreState;
  /** What makes the same work possible: trying it again, or creating the table first. */
  readonly mend: 'again' | 'create' | undefined;

  constructor({ code, reason = code, outcome, state, mend }: SqlErrorOptions) {
    super(reason);
    this.code = code;
    this.reason = reason;
    this.outcome = outcome ?? 'not-done';
    this.state = state ?? 'down';
    this.mend = mend;
  }
}

/** The code of a failure of the system or of a library; `undefined` where there is none. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code !== '' ? code : undefined;
}

/** What a library throws by itself has a code, or is a fault of its or ours. */
export function asSqlError(error: unknown): SqlError {
  return error instanceof SqlError ? error : new SqlError({ code: codeOf(error) ?? 'unexpected' });
}
