/** The answer to a request for consent by an administrator, on its way back to the app. */
import type Koa from 'koa';
import { describeError, ProtocolError, traceOf } from './protocol-error.ts';
import type { Flow, SandboxState } from './sandbox-state.ts';

/** What an administrator agreed to. */
export interface OrganisationConsent {
  readonly tenantId: string;
  /** Prefixed. */
  readonly scopes: readonly string[];
}

/** Returns to the app; `admin_consent=True` is there on errors too, as Entra ID sends it. */
export function answerAdminConsent(
  ctx: Koa.Context,
  state: SandboxState,
  flow: Flow,
  outcome: OrganisationConsent | ProtocolError,
): void {
  const back = new URL(flow.redirectUri);
  const echoed = flow.parameters.get('state');
  const trace = traceOf(state.now(), ctx.get('client-request-id'));
  const members =
    outcome instanceof ProtocolError
      ? { error: outcome.error, error_description: describeError(outcome, trace) }
      : { tenant: outcome.tenantId, scope: outcome.scopes.join(' ') };
  back.search = new URLSearchParams({
    ...Object.fromEntries(back.searchParams),
    admin_consent: 'True',
    ...members,
    ...(echoed !== null && { state: echoed }),
  }).toString();
  ctx.status = ctx.method === 'POST' ? 303 : 302;
  ctx.set({ 'cache-control': 'no-store', location: back.href });
  ctx.body = '';
}
