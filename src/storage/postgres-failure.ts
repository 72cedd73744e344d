/** What a failure of PostgreSQL means, told by its SQLSTATE (PostgreSQL, appendix A). */
import { codeOf, SqlError } from './sql-error.ts';
import type { StoreState } from './store-unavailable.ts';

const SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * The statement may have been done: the connection failed, the server or a person ended it, or it
 * failed in itself.
 */
const UNKNOWN = /^(08|40003|57P|58|XX|F0)/;

const STATES: readonly (readonly [codes: RegExp, state: StoreState])[] = [
  // A hot standby, too.
  [/^25006$/, 'readonly'],
  [/^(53100|53200)$/, 'full'],
  // Password, rights, or a database or schema that is not there.
  [/^(28...|42501|3D000|3F000)$/, 'refused'],
];

/** Serialization failures, deadlocks, and a table that another process makes just now. */
const AGAIN = /^(40001|40P01|23505|42710|42P07)$/;
const NO_TABLE = '42P01';

/** What became of a statement that was sent. */
export function postgresFailure(error: unknown): SqlError {
  const code = codeOf(error);
  if (code === undefined || !SQLSTATE.test(code)) {
    return new SqlError({ code: code ?? 'connection lost', outcome: 'unknown' });
  }
  const outcome = UNKNOWN.test(code) ? 'unknown' : 'not-done';
  return new SqlError({ code, outcome, state: stateOf(code), mend: mendOf(code) });
}

/** Why it could not be connected. */
export function postgresRefusal(error: unknown): SqlError {
  const code = codeOf(error);
  if (code !== undefined) return new SqlError({ code, state: stateOf(code) });
  // The library's own failures have no code; this is a password that is asked for and not given.
  const isPassword = error instanceof Error && error.message.startsWith('SASL:');
  return isPassword
    ? new SqlError({ code: 'SASL', state: 'refused' })
    : new SqlError({ code: 'not connected' });
}

function stateOf(code: string): StoreState {
  return STATES.find(([codes]) => codes.test(code))?.[1] ?? 'down';
}

function mendOf(code: string): 'again' | 'create' | undefined {
  if (code === NO_TABLE) return 'create';
  return AGAIN.test(code) ? 'again' : undefined;
}
