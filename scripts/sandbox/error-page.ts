/** The page a person sees when a request cannot be sent back to an app. */
import type Koa from 'koa';
import { html, showPage } from './page.ts';
import { describeError, type ProtocolError, traceOf } from './protocol-error.ts';
import type { SandboxState } from './sandbox-state.ts';

export function showError(ctx: Koa.Context, state: SandboxState, error: ProtocolError): void {
  const trace = traceOf(state.now(), ctx.get('client-request-id'));
  showPage(
    ctx,
    { title: 'Sign-in error', status: 400 },
    html`<h1>Sorry, but we’re having trouble signing you in</h1>
<p data-test="error-code"><strong>AADSTS${error.number}</strong></p>
<p class="detail" data-test="error-description">${describeError(error, trace)}</p>`,
  );
}
