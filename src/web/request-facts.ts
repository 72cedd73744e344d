/** What an audit event tells of the request and of the account behind it. */
import { type AccountFacts, type RequestFacts, shownSession } from '../audit.ts';
import type { Identity } from '../token-response.ts';
import type { Context } from './context.ts';
import { addressOf } from './network-of.ts';
import { sessionName } from './session.ts';

/** `session`: the name of the session meant, where that is not the one that the browser sent. */
export function requestFacts(ctx: Context, session = sessionOf(ctx)): RequestFacts {
  return {
    correlationId: ctx.state.correlationId,
    address: addressOf(ctx.ip, ctx.socket.remoteAddress),
    ...(session !== undefined && { session: shownSession(session) }),
  };
}

export function accountFacts({
  accountId,
  tenantId,
}: Pick<Identity, 'accountId' | 'tenantId'>): AccountFacts {
  return { account: accountId, ...(tenantId !== undefined && { tenantId }) };
}

function sessionOf({ state }: Context): string | undefined {
  return state.sessionId && sessionName(state.sessionId);
}
