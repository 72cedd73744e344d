/** The admin consent endpoint: an administrator is asked to agree for everyone in a tenant. */
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { answerAdminConsent } from './admin-consent-response.ts';
import { beginFlow, startFlow } from './authorize-endpoint.ts';
import { showError } from './error-page.ts';
import { ProtocolError } from './protocol-error.ts';
import { parseScopes } from './resources.ts';
import type { SandboxState } from './sandbox-state.ts';

/** @throws {ProtocolError} AADSTS900144, 500011 or 70011: no scope, or one that is not registered. */
function checkScope(scope: string | null): void {
  if (!scope) {
    const detail = "The request body must contain the following parameter: 'scope'.";
    throw new ProtocolError(900144, { detail });
  }
  parseScopes(scope);
}

function ask(ctx: Koa.Context, state: SandboxState): void {
  const authority: string = ctx['params'].tenant;
  if (authority.toLowerCase() === 'common') {
    throw new ProtocolError(90023, { detail: "Name a tenant, or 'organizations', not 'common'." });
  }
  const parameters = ctx.URL.searchParams;
  const flow = startFlow(state, authority, parameters, { isAdminConsent: true });
  try {
    checkScope(parameters.get('scope'));
  } catch (error) {
    // The return address is known to be the app's own, so the app is told.
    if (!(error instanceof ProtocolError)) throw error;
    answerAdminConsent(ctx, state, flow, error);
    return;
  }
  beginFlow(ctx, state, flow);
}

/** Adds `GET /{tenant}/v2.0/adminconsent`. */
export function addAdminConsentEndpoint(router: Router, state: SandboxState): void {
  router.get('/:tenant/v2.0/adminconsent', (ctx: Koa.Context) => {
    try {
      ask(ctx, state);
    } catch (error) {
      // What cannot be sent back to the app ends here, on a page.
      if (!(error instanceof ProtocolError)) throw error;
      showError(ctx, state, error);
    }
  });
}
