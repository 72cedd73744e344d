/** Ends sessions from outside: by the person elsewhere, or by the authority; never by their cookie. */
import type { SignOutKind } from '../audit.ts';
import type { Account } from '../broker/account.ts';
import { Unavailable } from '../errors.ts';
import type { Context, Parts } from './context.ts';
import { requestFacts } from './request-facts.ts';
import type { EndedAtAuthority } from './sid-index.ts';

type EndParts = Pick<Parts, 'broker' | 'sessions' | 'log'>;

/**
 * Ends an account's part of the session of this name; the last one takes the tokens with it.
 *
 * Tokens first: a session without its account is no session, while the reverse would linger.
 *
 * @returns whether it was there to be ended, which of several who do this at once one is told.
 * @throws {Unavailable} it may not have ended: doing it again is safe.
 */
export async function endSession(
  { broker, sessions }: EndParts,
  { id, epoch }: Account,
  name: string,
  ctx?: Context,
): Promise<boolean> {
  await broker.forget({ id, epoch }, name);
  return await sessions.leave(name, id, ctx);
}

/**
 * Ends an account everywhere, by one write; what is left of its sessions is cleared away. A session
 * that is the account's no more ends nothing but itself.
 *
 * @returns as `endSession` does.
 * @throws {Unavailable} it may not have ended: doing it again is safe.
 */
export async function endEverywhere(
  parts: EndParts,
  account: Account,
  name: string,
  ctx: Context,
): Promise<boolean> {
  const { broker } = parts;
  if (!(await broker.describe(account, name))) return await endSession(parts, account, name, ctx);
  await clearAway(parts, account.id, await broker.revoke(account.id), ctx);
  return true;
}

/** Takes an account that has ended out of the sessions it was in. */
async function clearAway(
  { sessions, log }: EndParts,
  accountId: string,
  names: readonly string[],
  ctx: Context,
): Promise<void> {
  try {
    for (const name of names) await sessions.leave(name, accountId, ctx);
  } catch (error) {
    // What is left opens nothing, and ends by itself.
    if (!(error instanceof Unavailable)) throw error;
    log.warn({ event: 'ended_sessions_left' }, 'records of ended sessions are left behind');
  }
}

/** A person whom the authority has signed out, whatever session of theirs it was. */
export interface EndedSubject {
  readonly accountId: string;
  readonly iss: string;
  /** Sign-ins begun later are newer (epoch milliseconds). */
  readonly begunBy: number;
}

/**
 * Ends an account everywhere, but for sign-ins that are newer than that.
 *
 * @throws {Unavailable} it may not have ended: doing it again is safe.
 */
export async function endBySubject(
  parts: Parts,
  ctx: Context,
  { accountId, iss: issuer, begunBy }: EndedSubject,
  kind: SignOutKind,
): Promise<void> {
  const { audit, broker, hooks } = parts;
  await clearAway(parts, accountId, await broker.revoke(accountId, begunBy), ctx);
  audit({ event: 'sign_out', kind, account: accountId, ...requestFacts(ctx) });
  hooks.signedOut({ accountId, issuer }, kind);
}

/**
 * Ends what began in that session, and every sign-in of it that is under way. Each session that was
 * not ended before is told of as soon as it is.
 *
 * @throws {Unavailable} not all may have ended: doing it again is safe.
 */
export async function endBySid(
  parts: Parts,
  ctx: Context,
  ended: EndedAtAuthority,
  kind: SignOutKind,
): Promise<void> {
  const { audit, hooks, sids, log } = parts;
  const entries = await sids.end(ended);
  for (const { accountId: id, epoch, session, iss: issuer } of entries) {
    if (!(await endSession(parts, { id, epoch }, session))) continue;
    audit({ event: 'sign_out', kind, account: id, ...requestFacts(ctx, session) });
    hooks.signedOut({ accountId: id, issuer }, kind);
  }
  try {
    if (entries.length > 0) await sids.remove(ended.sid, entries);
  } catch (error) {
    // Told once more, there is nothing left to end.
    if (!(error instanceof Unavailable)) throw error;
    log.warn({ event: 'sid_entries_left' }, 'entries of ended sessions are left behind');
  }
}
