/** What a failure of MySQL or MariaDB means, told by its number (MySQL, "Server Error Message Reference"). */
import { codeOf, SqlError } from './sql-error.ts';
import type { StoreState } from './store-unavailable.ts';

/** The server or a person ended the connection, or the commit failed in itself. */
const UNKNOWN: ReadonlySet<number> = new Set([1053, 1180, 1927, 3100]);

const STATES: ReadonlyMap<number, StoreState> = new Map([
  // --read-only, a read-only transaction by default, InnoDB's own mode, a table that is read-only.
  [1290, 'readonly'],
  [1792, 'readonly'],
  [1836, 'readonly'],
  [1874, 'readonly'],
  [1036, 'readonly'],
  [1021, 'full'],
  [1114, 'full'],
  // Host, user, password, a password that is over, a locked account, TLS that is required.
  [1130, 'refused'],
  [1045, 'refused'],
  [1698, 'refused'],
  [1820, 'refused'],
  [1862, 'refused'],
  [3118, 'refused'],
  [4151, 'refused'],
  [3159, 'refused'],
  // The rights to a database, table or column, or a database that is not there.
  [1044, 'refused'],
  [1142, 'refused'],
  [1143, 'refused'],
  [1227, 'refused'],
  [1049, 'refused'],
]);

/** A row that was changed meanwhile, a wait for a lock, a deadlock, a commit that a cluster undid. */
const AGAIN: ReadonlySet<number> = new Set([1020, 1205, 1213, 3101]);
const NO_TABLE = 1146;

/** What became of a statement that was sent. */
export function mysqlFailure(error: unknown): SqlError {
  const number = numberOf(error);
  if (number === undefined) {
    return new SqlError({ code: codeOf(error) ?? 'connection lost', outcome: 'unknown' });
  }
  return answered(error, number, UNKNOWN.has(number) ? 'unknown' : 'not-done');
}

/** Why it could not be connected. */
export function mysqlRefusal(error: unknown): SqlError {
  const number = numberOf(error);
  return number === undefined
    ? new SqlError({ code: codeOf(error) ?? 'not connected' })
    : answered(error, number, 'not-done');
}

function answered(error: unknown, number: number, outcome: 'unknown' | 'not-done'): SqlError {
  return new SqlError({
    code: String(number),
    reason: `${number} ${codeOf(error) ?? ''}`.trimEnd(),
    outcome,
    state: STATES.get(number) ?? 'down',
    mend: mendOf(number),
  });
}

function mendOf(number: number): 'again' | 'create' | undefined {
  if (number === NO_TABLE) return 'create';
  return AGAIN.has(number) ? 'again' : undefined;
}

/** Of a server's answer; those of the system are negative. */
function numberOf(error: unknown): number | undefined {
  const number = error instanceof Error && 'errno' in error ? error.errno : undefined;
  return typeof number === 'number' && number > 0 ? number : undefined;
}
