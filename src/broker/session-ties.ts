/** The sessions that an account's record names: a session is valid if its account names it. */
/** Past them the one that signed in first is signed out. */
const MAX_SESSIONS = 50;

export interface SessionTie {
  readonly id: string;
  readonly endsAt: number;
  /** When its sign-in was begun (epoch milliseconds), as far as that is known. */
  readonly begunAt?: number | undefined;
  /** The session that this one goes on from: whoever still ends that one means this one. */
  readonly from?: string | undefined;
}

type Sessions = { readonly sessions: readonly SessionTie[] };

/** The sessions with one more; those that have ended make room first. */
export function withTie(sessions: readonly SessionTie[], tie: SessionTie, now: number) {
  const others = sessions.filter(({ id, endsAt }) => endsAt > now && id !== tie.id);
  // The one that it goes on from is about to be left, and is no session more.
  const counted = others.filter(({ id }) => id !== tie.from);
  const tooMany = counted.slice(0, Math.max(0, counted.length + 1 - MAX_SESSIONS));
  return [...others.filter((each) => !tooMany.includes(each)), tie];
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

/** The tie of a session or, where another sign-in of the same browser was quicker, of what it became. */
export function findTieToGoOnFrom(record: Sessions, sessionId: string, now: number) {
  const next = record.sessions.find(({ from, endsAt }) => from === sessionId && endsAt > now);
  return findTie(record, sessionId, now) ?? next;
}

/** The record without a session and what goes on from it; `undefined` if it names neither. */
export function withoutTie<T extends Sessions>(record: T, sessionId: string): T | undefined {
  return withTies(record, ({ id, from }) => id !== sessionId && from !== sessionId);
}

/** The record without a session that has gone on; `undefined` if it does not name it. */
export function withoutTieAlone<T extends Sessions>(record: T, sessionId: string): T | undefined {
  return withTies(record, ({ id }) => id !== sessionId);
}

function withTies<T extends Sessions>(record: T, isKept: (tie: SessionTie) => boolean) {
  const sessions = record.sessions.filter(isKept);
  return sessions.length === record.sessions.length ? undefined : { ...record, sessions };
}
