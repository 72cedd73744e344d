/** `POST /sign-out`: signs out here, at once, then leads on to the authority; all accounts, or `account` alone. */
import type { Context, Middleware, Parts } from '../context.ts';
import { leaveSession } from '../leave-session.ts';
import { leaveSite } from '../leave-site.ts';
import { formField } from '../read-form.ts';
import { type SessionAccount, sessionName } from '../session.ts';

export function signOut(parts: Parts): Middleware {
  return async (ctx) => {
    // Whoever sends no form means everyone.
    const isForm = ctx.is('application/x-www-form-urlencoded');
    const only = isForm ? await formField(ctx, 'account') : undefined;
    const { name, record } = await sessionMeant(parts, ctx);
    const { accounts = [], active } = record ?? {};
    const leaving = only ? accounts.filter(({ id }) => id === only) : accounts;
    const chosen = only ? leaving[0] : leaving.find(({ id }) => id === active);
    const identity = chosen && (await identityOf(parts, ctx, chosen, name));
    await leaveSession(parts, ctx, leaving, 'here', name);
    await leaveSite(parts, ctx, {
      logoutHint: identity?.loginHint,
      isKnownThere: identity !== undefined,
      who: chosen,
    });
  };
}

/** Whom the authority is to sign out: one of several, as it has one session for each. */
async function identityOf(
  { broker }: Parts,
  ctx: Context,
  { id, epoch }: SessionAccount,
  session: string,
) {
  if (ctx.state.account?.id === id) return ctx.state.account.identity;
  const kept = await broker.describe({ id, epoch }, session);
  return kept?.identity;
}

/**
 * The session of the cookie; or the one that it has become a moment ago, in a sign-in of another tab
 * whose answer, with the new cookie, is still to come.
 */
async function sessionMeant({ sessions, successors }: Parts, ctx: Context) {
  const name = sessionName(ctx.state.sessionId ?? '');
  const record = ctx.session?.record;
  const next = record || !ctx.state.sessionId ? undefined : await successors.of(name);
  return next === undefined ? { name, record } : { name: next, record: await sessions.look(next) };
}
