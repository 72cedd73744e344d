/** Takes accounts out of the session of this very request; the last one takes the session with it. */
import type { SignOutKind } from '../audit.ts';
import type { Context, Parts } from './context.ts';
import { endEverywhere, endSession } from './end-sessions.ts';
import { requestFacts } from './request-facts.ts';
import { type SessionAccount, type SessionRecord, sessionName, withoutAccount } from './session.ts';

/**
 * `name` is the session's, where it is not that of the request's cookie.
 *
 * @throws {Unavailable} the store is away: the person is still signed in, and is told so.
 */
export async function leaveSession(
  parts: Parts,
  ctx: Context,
  accounts: readonly SessionAccount[],
  kind: SignOutKind,
  name = sessionName(ctx.state.sessionId ?? ''),
): Promise<void> {
  const { audit, hooks, settings } = parts;
  const isEverywhere = kind === 'everywhere' || settings.session.signOutEverywhere;
  for (const account of accounts) {
    const end = isEverywhere ? endEverywhere : endSession;
    if (!(await end(parts, account, name, ctx))) continue;
    const { id, name: displayName, username, iss: issuer } = account;
    audit({ event: 'sign_out', kind, account: id, ...requestFacts(ctx, name) });
    hooks.signedOut({ accountId: id, issuer, name: displayName, username }, kind);
  }
  const left = accounts.reduce<SessionRecord | undefined>(
    (record, { id }) => record && withoutAccount(record, id),
    ctx.session?.record,
  );
  if (!left) ctx.session = null;
  else if (ctx.session) ctx.session.record = left;
  if (accounts.some(({ id }) => id === ctx.state.account?.id)) ctx.state.account = undefined;
}
