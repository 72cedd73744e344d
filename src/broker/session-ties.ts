/** The sessions that an account's record names: a session is valid if its account names it. */
import type { AccountRecord } from './account-record.ts';

/** Past them the one that signed in first is signed out. */
const MAX_SESSIONS = 50;

export interface SessionTie {
  readonly id: string;
  readonly endsAt: number;
}

type Sessions = Pick<AccountRecord, 'sessions'>;

/** The sessions with one more; those that have ended make room first. */
export function withTie(sessions: readonly SessionTie[], tie: SessionTie, now: number) {
  const others = sessions.filter(({ id, endsAt }) => endsAt > now && id !== tie.id);
  return [...others.slice(1 - MAX_SESSIONS), tie];
}

/** The sessions that made room before they had ended. */
export function pushedOut(
  before: readonly SessionTie[],
  after: readonly SessionTie[],
  now: number,
): readonly SessionTie[] {
  return before.filter(({ id, endsAt }) => endsAt > now && !after.some((tie) => tie.id === id));
}

export function findTie({ sessions }: Sessions, sessionId: string, now: number) {
  return sessions.find(({ id, endsAt }) => id === sessionId && endsAt > now);
}

/** The record without a session; `undefined` if it does not name it. */
export function withoutTie<T extends Sessions>(record: T, sessionId: string): T | undefined {
  const sessions = record.sessions.filter(({ id }) => id !== sessionId);
  return sessions.length === record.sessions.length ? undefined : { ...record, sessions };
}
