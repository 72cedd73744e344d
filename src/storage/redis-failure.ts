/** What a failure of Redis means, told by its error codes, without repeating what it was sent. */
import type { Failure } from './backend.ts';
import type { StoreState } from './store-unavailable.ts';

/** An operation was not sent: there is no connection now. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
}

/** What it says of a server that it answers with these codes. */
const STATES: ReadonlyMap<string, StoreState> = new Map([
  ['READONLY', 'readonly'],
  // It cannot save, or has too few replicas, and is set to take no writes then.
  ['MISCONF', 'readonly'],
  ['NOREPLICAS', 'readonly'],
  ['OOM', 'full'],
  ['WRONGPASS', 'refused'],
  ['NOAUTH', 'refused'],
  ['NOPERM', 'refused'],
]);

/**
 * The code an error reply begins with: a word in capitals (RESP, "simple errors"); `undefined` for
 * failures of the connection.
 */
export function replyCode(error: unknown): string | undefined {
  return error instanceof Error ? /^([A-Z][A-Z0-9]+)( |$)/.exec(error.message)?.[1] : undefined;
}

export function explainRedisFailure(error: unknown): Failure {
  const code = replyCode(error);
  if (code !== undefined) {
    return { reason: code, outcome: 'not-done', state: STATES.get(code) ?? 'down' };
  }
  const outcome = error instanceof NotConnected ? 'not-done' : 'unknown';
  return { reason: connectionReason(error), outcome, state: 'down' };
}

function connectionReason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error ? String(error.code) : '';
  return error.message || code || error.name;
}
