/** Lets a browser in after a sign-in: tokens first, then the new session, and only then the old one ends. */
import { shownSession } from '../audit.ts';
import type { RedeemedCode } from '../authority/redeem-code.ts';
import type { Account } from '../broker/account.ts';
import { endedMeanwhile } from '../broker/kept-accounts.ts';
import { Unavailable } from '../errors.ts';
import type { Context, Parts } from './context.ts';
import { deviceWords } from './device-words.ts';
import { MAX_ACCOUNTS, type SessionAccount, sessionAccount, sessionName } from './session.ts';
import { tokenClaims } from './token-claims.ts';

export interface Entrance {
  readonly redeemed: RedeemedCode;
  readonly askedScopes: readonly string[];
  /** Added by the site's own hook. */
  readonly roles: readonly string[];
  /** When the sign-in was begun (epoch milliseconds). */
  readonly begunAt: number;
}

/** What the session was before. */
export type Entered = 'new_session' | 'further_account' | 'renewal';

/**
 * Gives the browser a session under a new id, with this account in use; other accounts of the
 * session it had go on in it. Nothing is half done: until the end the old session is as it was, and
 * whoever ends it meanwhile ends what goes on from it.
 *
 * @throws {SignInFailed} `ended-meanwhile`: the account, its session at the authority, or the account
 * that is in use here, has ended since the sign-in was begun.
 * @throws {Unavailable} the store did not take it.
 */
export async function enterSession(
  parts: Parts,
  ctx: Context,
  { redeemed, askedScopes, roles, begunAt }: Entrance,
): Promise<Entered> {
  const { audit, broker, sessions, successors, sids, settings, newId, now } = parts;
  if (!ctx.session) throw new Error('a callback runs inside the session');
  const { identity, claims } = redeemed;
  const before = ctx.session.record;
  const from = ctx.state.sessionId && sessionName(ctx.state.sessionId);
  const id = newId();
  const name = sessionName(id);
  const endsAt = Math.min(
    now() + settings.session.absoluteHours * 3_600_000,
    settings.session.useTokenLifetime ? Number(claims['exp']) * 1000 : Number.POSITIVE_INFINITY,
  );

  const isRenewal = ctx.state.account?.id === identity.accountId;
  const kept = { sessionId: name, sessionEndsAt: endsAt, begunAt, ...(isRenewal && { from }) };
  const account = await broker.keep({ ...redeemed, askedScopes, ...kept });
  const { roles: appRoles, acrs, groups } = tokenClaims.parse(claims);
  const allRoles = [...new Set([...appRoles, ...roles])];
  const told = { roles: allRoles, acrs, groups };
  const mine = sessionAccount({ account, identity, ...told, now: now(), endsAt });
  let companions: Companions = { brought: [], leftOut: [] };
  try {
    if (from) companions = await bringAlong(parts, ctx, account, { from, name });
    const others = companions.brought;
    await index(parts, [...others, mine], name);
    const { sid } = identity;
    if (sid && (await sids.isEnded(sid, account.id, begunAt))) throw endedMeanwhile();
    const record = {
      ...{ accounts: [...others, mine], active: account.id, csrf: newId() },
      ...{ createdAt: now(), seenAt: now(), device: deviceWords(ctx.get('User-Agent')) },
    };
    await sessions.create(id, record, ctx);
    if (from) {
      await successors.note(from, name);
      await leaveBehind(parts, ctx, [account, ...(before?.accounts ?? [])], from);
    }
    ctx.session.record = record;
    ctx.state.nextSessionId = id;
    await ctx.session.regenerate();
  } catch (error) {
    // The browser does not get it: no account may last because of it.
    await untie(parts, ctx, [...(before?.accounts ?? []), mine], name);
    throw error;
  }
  if (from) {
    await untie(parts, ctx, [account, ...(before?.accounts ?? [])], from);
    for (const { id: whose } of companions.leftOut) {
      audit({ event: 'session_pushed_out', account: whose, session: shownSession(from) });
    }
  }
  if (before?.accounts.some((each) => each.id === account.id)) return 'renewal';
  return companions.brought.length > 0 ? 'further_account' : 'new_session';
}

interface Companions {
  readonly brought: readonly SessionAccount[];
  /** Those for whom there is no room any more. */
  readonly leftOut: readonly SessionAccount[];
}

/**
 * Ties the session's other accounts to its new name too; those that have ended meanwhile stay out, and
 * make room for others. If the one in use has, the person has left: nobody comes in then.
 */
async function bringAlong(
  { broker }: Parts,
  ctx: Context,
  account: Account,
  { from, name }: { readonly from: string; readonly name: string },
): Promise<Companions> {
  const { accounts = [] } = ctx.session?.record ?? {};
  const brought: SessionAccount[] = [];
  const leftOut: SessionAccount[] = [];
  // The one that signed in first comes last, and may find no room.
  for (const other of accounts.filter(({ id }) => id !== account.id).toReversed()) {
    if (brought.length + 1 >= MAX_ACCOUNTS) {
      if (await broker.describe(other, from)) leftOut.push(other);
    } else if (await broker.tie(other, from, name)) brought.unshift(other);
    else if (other.id === ctx.state.account?.id) throw endedMeanwhile();
  }
  return { brought, leftOut };
}

/** Before the session is there, so that the authority's sign-out finds all that it has to end. */
async function index(
  { sids, now, settings }: Parts,
  accounts: readonly SessionAccount[],
  session: string,
): Promise<void> {
  const byDefault = now() + settings.session.absoluteHours * 3_600_000;
  for (const { sid, id: accountId, epoch, iss, endsAt = byDefault } of accounts) {
    if (sid) await sids.add(sid, { session, accountId, epoch, iss, endsAt });
  }
}

/**
 * Ends the session that goes on under another id. Without its ties it opens nothing, though its record
 * may be left.
 *
 * @throws {Unavailable} neither could be ended.
 */
async function leaveBehind(
  { broker, sessions, log }: Parts,
  ctx: Context,
  accounts: readonly Account[],
  from: string,
): Promise<void> {
  try {
    await sessions.destroy(ctx.state.sessionId ?? '', ctx);
  } catch (error) {
    // What may be left of it ends by itself.
    if (!(error instanceof Unavailable)) throw error;
    for (const { id, epoch } of accounts) await broker.untie({ id, epoch }, from);
    log.warn({ event: 'old_session_left', correlationId: ctx.state.correlationId });
  }
}

/**
 * Ends the ties to a session that the browser does not have, or not any more. One that ended by
 * itself left its tie, too, most likely to the same account.
 */
async function untie(
  { broker, sids, log }: Parts,
  ctx: Context,
  accounts: readonly (Account & Pick<SessionAccount, 'sid'>)[],
  name: string,
): Promise<void> {
  try {
    for (const { id, epoch, sid } of accounts) {
      await broker.untie({ id, epoch }, name);
      if (sid) await sids.remove(sid, [{ session: name, accountId: id }]);
    }
  } catch (error) {
    // The tie left behind opens nothing and ends by itself; what became of the sign-in stands.
    if (!(error instanceof Unavailable)) throw error;
    log.warn({ event: 'session_tie_left', correlationId: ctx.state.correlationId });
  }
}
