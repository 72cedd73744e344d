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
    const { accounts = [], active } = ctx.session?.record ?? {};
    const leaving = only ? accounts.filter(({ id }) => id === only) : accounts;
    const chosen = only ? leaving[0] : leaving.find(({ id }) => id === active);
    const identity = chosen && (await identityOf(parts, ctx, chosen));
    await leaveSession(parts, ctx, leaving, 'here');
    await leaveSite(parts, ctx, {
      logoutHint: identity?.loginHint,
      isKnownThere: identity !== undefined,
      who: chosen,
    });
  };
}

/** Whom the authority is to sign out: one of several, as it has one session for each. */
async function identityOf({ broker }: Parts, ctx: Context, { id, epoch }: SessionAccount) {
  if (ctx.state.account?.id === id) return ctx.state.account.identity;
  const kept = await broker.describe({ id, epoch }, sessionName(ctx.state.sessionId ?? ''));
  return kept?.identity;
}
