/** Authorization responses: a code or an error, on its way back to the app. */
import { randomUUID } from 'node:crypto';
import type Koa from 'koa';
import type { Membership, User } from './directory.ts';
import { html, showPage } from './page.ts';
import { describeError, ProtocolError, traceOf } from './protocol-error.ts';
import type { BrowserSession, Flow, SandboxState } from './sandbox-state.ts';
import { clientInfoOf, randomToken } from './tokens.ts';

const codeLifetimeMs = 10 * 60 * 1000;

/** Who agreed, and how well they proved themselves. */
export interface Agreement {
  readonly user: User;
  readonly membership: Membership;
  readonly session: BrowserSession;
}

function issueCode(state: SandboxState, flow: Flow, agreement: Agreement) {
  const { user, membership, session } = agreement;
  const { parameters, app, authority, redirectUri } = flow;
  const code = randomToken('1.A', 400);
  session.clientIds.add(app.clientId);
  const grant = {
    clientId: app.clientId,
    user,
    membership,
    sid: session.sid,
    authenticatedAt: session.authenticatedAt,
    strong: session.strong,
    family: randomUUID(),
  };
  const clientInfo = parameters.get('client_info') === '1';
  state.codes.set(code, {
    ...grant,
    redirectUri,
    authority,
    scope: parameters.get('scope') ?? '',
    nonce: parameters.get('nonce') ?? undefined,
    codeChallenge: parameters.get('code_challenge') ?? undefined,
    clientInfo,
    claims: parameters.get('claims') ?? undefined,
    expiresAt: state.now() + codeLifetimeMs,
    redeemed: false,
  });
  return { code, ...(clientInfo && { client_info: clientInfoOf(grant) }) };
}

function refusal(ctx: Koa.Context, state: SandboxState, error: ProtocolError) {
  const trace = traceOf(state.now(), ctx.get('client-request-id'));
  return {
    error: error.error,
    ...(error.error === 'access_denied' && { error_subcode: 'cancel' }),
    error_description: describeError(error, trace),
    error_uri: new URL(`/error?code=${error.number}`, state.url).href,
    ...(error.claims && { claims: error.claims }),
  };
}

/** Returns to the app in the response mode it asked for; a redirect ends in an empty fragment. */
export function respondToApp(
  ctx: Koa.Context,
  state: SandboxState,
  flow: Flow,
  outcome: Agreement | ProtocolError,
): void {
  const refused = outcome instanceof ProtocolError;
  const members = refused
    ? refusal(ctx, state, outcome)
    : { ...issueCode(state, flow, outcome), session_state: randomUUID() };
  const response = new URLSearchParams(members);
  const echoed = flow.parameters.get('state');
  if (echoed !== null) response.set('state', echoed);
  const mode = flow.parameters.get('response_mode') ?? 'query';
  if (mode === 'form_post') {
    const fields = [...response].map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
    );
    showPage(
      ctx,
      { title: 'Returning', sendsItself: true },
      html`<h1>Returning to ${flow.app.name}</h1>
<form method="post" action="${flow.redirectUri}">${fields}<button data-test="continue">Continue</button></form>`,
    );
    return;
  }
  const separator = mode === 'fragment' ? '#' : flow.redirectUri.includes('?') ? '&' : '?';
  ctx.status = ctx.method === 'POST' ? 303 : 302;
  ctx.set('cache-control', 'no-store');
  const end = mode === 'fragment' ? '' : '#';
  ctx.set('location', `${flow.redirectUri}${separator}${response}${end}`);
  ctx.body = '';
}
