/** `POST /account/sign-out-everywhere`: ends every session of the account, on every instance, at once. */
import { findGraph } from '../../downstream/graph/graph-section.ts';
import { revokeSignInSessions } from '../../downstream/graph/me.ts';
import { AppError } from '../../errors.ts';
import { type Context, type Middleware, type Parts, signedIn } from '../context.ts';
import { graphOf } from '../graph-of.ts';
import { leaveSession } from '../leave-session.ts';
import { leaveSite } from '../leave-site.ts';

/** How long the person waits for Microsoft Graph. */
const GRAPH_MS = 5000;

export function signOutEverywhere(parts: Parts): Middleware {
  return async (ctx) => {
    const account = signedIn(ctx);
    const leaving = ctx.session?.record?.accounts.filter(({ id }) => id === account.id) ?? [];
    // First, as it takes a token that is about to be deleted.
    const scope = await endAtAuthority(parts, ctx);
    await leaveSession(parts, ctx, leaving, 'everywhere');
    const { identity: who } = account;
    await leaveSite(parts, ctx, { logoutHint: who.loginHint, isKnownThere: true, who, scope });
  };
}

/** Whatever becomes of it, the sessions here end. */
async function endAtAuthority(parts: Parts, ctx: Context) {
  const { settings, log } = parts;
  const hasGraph = findGraph(settings.downstreamApis) !== undefined;
  if (!settings.session.revokeSignInSessions || !hasGraph) return 'everywhere';
  const { correlationId } = ctx.state;
  try {
    await revokeSignInSessions(graphOf(parts, ctx, AbortSignal.timeout(GRAPH_MS)));
    return 'everywhere-and-there';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, detail } = error;
    log.warn(
      { event: 'revoke_sign_in_sessions_failed', correlationId, code, ...detail },
      'the account’s sessions at the authority were not ended',
    );
    return 'everywhere-not-there';
  }
}
