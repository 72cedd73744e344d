/** `POST /account/sessions/end`: signs out one session of the account, this one or another. */
import { backToAccount } from '../account-notices.ts';
import { type Middleware, type Parts, signedIn } from '../context.ts';
import { endSession as endSessionOf } from '../end-sessions.ts';
import { leaveSession } from '../leave-session.ts';
import { leaveSite } from '../leave-site.ts';
import { formField } from '../read-form.ts';
import { accountFacts, requestFacts } from '../request-facts.ts';
import { sessionName } from '../session.ts';

const KIND = 'session_ended_from_account_page';

export function endSession(parts: Parts): Middleware {
  const { audit, broker, hooks } = parts;
  return async (ctx) => {
    const account = signedIn(ctx);
    const { identity } = account;
    const chosen = (await formField(ctx, 'session')) ?? '';
    const own = sessionName(ctx.state.sessionId ?? '');
    if (chosen === own) {
      const leaving = ctx.session?.record?.accounts.filter(({ id }) => id === account.id) ?? [];
      await leaveSession(parts, ctx, leaving, KIND);
      const { loginHint: logoutHint } = identity;
      await leaveSite(parts, ctx, { logoutHint, isKnownThere: true, who: identity });
      return;
    }
    const sessions = (await broker.inspect(account, own))?.sessions ?? [];
    // Only one of the account's own: names of other sessions can be tried, and do nothing.
    if (!sessions.some(({ name }) => name === chosen)) return backToAccount(ctx, 'session-gone');
    if (!(await endSessionOf(parts, account, chosen))) return backToAccount(ctx, 'session-gone');
    audit({
      ...{ event: 'sign_out', kind: KIND },
      ...accountFacts(identity),
      ...requestFacts(ctx, chosen),
    });
    hooks.signedOut(identity, KIND);
    backToAccount(ctx, 'session-ended');
  };
}
