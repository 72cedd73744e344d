/** The authorize endpoint: checks an authorization request and starts a person on its pages. */
import { randomUUID } from 'node:crypto';
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { respondToApp } from './authorization-response.ts';
import { parseClaims } from './claims-request.ts';
import { findAudience } from './directory.ts';
import { showError } from './error-page.ts';
import { readForm } from './form.ts';
import { ProtocolError } from './protocol-error.ts';
import { parseScopes } from './resources.ts';
import { type Flow, isRegistered, type SandboxState } from './sandbox-state.ts';
import { advance } from './sign-in-steps.ts';

/** @throws {ProtocolError} what must never be answered with a redirect: the app or where to return is unknown. */
export function startFlow(
  state: SandboxState,
  authority: string,
  parameters: URLSearchParams,
  { isAdminConsent = false } = {},
): Flow {
  findAudience(authority);
  const clientId = parameters.get('client_id') ?? '';
  const app = state.apps.get(clientId.toLowerCase());
  if (!app) {
    throw new ProtocolError(700016, {
      detail: `Application with identifier '${clientId}' was not found in the directory.`,
    });
  }
  const redirectUri = parameters.get('redirect_uri') ?? app.redirectUris[0] ?? '';
  if (!isRegistered(app, redirectUri)) {
    throw new ProtocolError(50011, {
      detail: `The redirect URI '${redirectUri}' specified in the request does not match the redirect URIs configured for the application '${app.clientId}'.`,
    });
  }
  return {
    id: randomUUID(),
    authority,
    app,
    redirectUri,
    parameters,
    startedAt: state.now(),
    isAdminConsent,
    authenticated: false,
    consented: false,
  };
}

/** @throws {ProtocolError} what the app is told by a redirect. */
function checkRequest({ parameters }: Flow): void {
  if (parameters.get('response_type') !== 'code') throw new ProtocolError(700054);
  if (!parameters.get('scope')) {
    throw new ProtocolError(900144, {
      detail: "The request body must contain the following parameter: 'scope'.",
    });
  }
  parseScopes(parameters.get('scope') ?? '');
  parseClaims(parameters.get('claims'));
  const method = parameters.get('code_challenge_method');
  if (parameters.has('code_challenge') && method !== 'S256') {
    throw new ProtocolError(90023, { detail: 'Only code_challenge_method S256 is supported.' });
  }
  const prompt = parameters.get('prompt') ?? '';
  if (!['', 'none', 'login', 'select_account', 'consent'].includes(prompt)) {
    throw new ProtocolError(90023, { detail: `Unsupported 'prompt' value '${prompt}'.` });
  }
  if (prompt === 'select_account' && parameters.has('login_hint')) {
    throw new ProtocolError(90023, {
      detail: "'login_hint' cannot be combined with prompt 'select_account'.",
    });
  }
}

const flowsKept = 1000;

async function authorize(ctx: Koa.Context, state: SandboxState): Promise<void> {
  const parameters = ctx.method === 'POST' ? await readForm(ctx) : ctx.URL.searchParams;
  const flow = startFlow(state, ctx['params'].tenant, parameters);
  try {
    checkRequest(flow);
  } catch (error) {
    // The return address is known to be the app's own, so the app is told.
    if (!(error instanceof ProtocolError)) throw error;
    respondToApp(ctx, state, flow, error);
    return;
  }
  beginFlow(ctx, state, flow);
}

/** Keeps a request that was found good, and shows its first page. */
export function beginFlow(ctx: Koa.Context, state: SandboxState, flow: Flow): void {
  state.flows.set(flow.id, flow);
  const oldest = state.flows.keys().next();
  if (state.flows.size > flowsKept && !oldest.done) state.flows.delete(oldest.value);
  advance(ctx, state, flow);
}

/** Adds `GET|POST /{tenant}/oauth2/v2.0/authorize`. */
export function addAuthorizeEndpoint(router: Router, state: SandboxState): void {
  const path = '/:tenant/oauth2/v2.0/authorize';
  const handle = async (ctx: Koa.Context) => {
    try {
      await authorize(ctx, state);
    } catch (error) {
      // What cannot be sent back to the app ends here, on a page.
      if (!(error instanceof ProtocolError)) throw error;
      showError(ctx, state, error);
    }
  };
  router.get(path, handle);
  router.post(path, handle);
}
