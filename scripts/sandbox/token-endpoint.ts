/** The token endpoint: codes, refresh tokens and the application's own word in, tokens out. */
import { createHash } from 'node:crypto';
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { issueAppToken } from './app-tokens.ts';
import { authenticateClient } from './client-authentication.ts';
import { findAudience, findMembership, homeTenant } from './directory.ts';
import { readForm } from './form.ts';
import { errorBody, ProtocolError, traceOf } from './protocol-error.ts';
import { recordOf } from './request-log.ts';
import { parseScopes } from './resources.ts';
import type { SandboxApp } from './sandbox-options.ts';
import { type Grant, isInstalled, type SandboxState } from './sandbox-state.ts';
import { issueTokens, judgeOrder, type TokenOrder } from './token-order.ts';

const codeChallengeOf = (verifier: string): string =>
  createHash('sha256').update(verifier).digest('base64url');

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value) return value;
  throw new ProtocolError(900144, {
    detail: `The request body must contain the following parameter: '${name}'.`,
  });
}

function redeemCode(
  state: SandboxState,
  app: SandboxApp,
  authority: string,
  form: URLSearchParams,
): TokenOrder {
  const code = state.codes.get(required(form, 'code'));
  const redirectUri = required(form, 'redirect_uri');
  if (!code || code.clientId !== app.clientId) throw new ProtocolError(70000);
  if (code.redeemed) throw new ProtocolError(54005);
  if (code.expiresAt <= state.now()) throw new ProtocolError(70008);
  if (code.authority !== authority) throw new ProtocolError(700005);
  if (code.redirectUri !== redirectUri) {
    throw new ProtocolError(50011, { error: 'invalid_grant' });
  }
  const verifier = form.get('code_verifier');
  const matches = verifier ? codeChallengeOf(verifier) === code.codeChallenge : !code.codeChallenge;
  if (!matches) throw new ProtocolError(501481);
  code.redeemed = true;
  const asked = parseScopes(code.scope);
  const given = form.get('scope');
  // Without a scope of its own the redemption is for the first resource asked for.
  const byResource = given
    ? parseScopes(given).byResource
    : new Map([...asked.byResource].slice(0, 1));
  const openId = [...new Set([...asked.openId, ...parseScopes(given ?? '').openId])];
  return {
    grant: grantOf(code),
    scopes: { openId, byResource },
    scopeText: code.scope,
    nonce: code.nonce,
    clientInfo: code.clientInfo || form.get('client_info') === '1',
    claims: form.get('claims') ?? undefined,
    signInClaims: code.claims,
  };
}

function grantOf(source: Grant): Grant {
  const { clientId, user, membership, sid, authenticatedAt, strong, family } = source;
  return { clientId, user, membership, sid, authenticatedAt, strong, family };
}

const inactivityMs = 90 * 24 * 3600 * 1000;

function useRefreshToken(
  state: SandboxState,
  app: SandboxApp,
  authority: string,
  form: URLSearchParams,
): { order: TokenOrder; spend: () => void } {
  const token = state.refreshTokens.get(required(form, 'refresh_token'));
  if (!token || token.clientId !== app.clientId) throw new ProtocolError(70000);
  if (state.revokedFamilies.has(token.family)) throw new ProtocolError(50173);
  if (token.issuedAt + inactivityMs <= state.now()) throw new ProtocolError(70008);
  if (token.used && state.refreshTokenMode !== 'reusable') {
    if (state.refreshTokenMode === 'family') state.revokedFamilies.add(token.family);
    throw new ProtocolError(70000);
  }
  const membership = findMembership(token.user, findAudience(authority));
  if (!membership) {
    throw new ProtocolError(50020, {
      detail: `User account '${token.user.username}' from identity provider '${homeTenant(token.user).name}' does not exist in tenant '${authority}' and cannot access the application '${app.clientId}' in that tenant. The account needs to be added as an external user in the tenant first.`,
    });
  }
  if (!isInstalled(app, membership.tenant)) {
    throw new ProtocolError(700016, {
      detail: `Application with identifier '${app.clientId}' was not found in the directory '${membership.tenant.name}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.`,
    });
  }
  const scopeText = form.get('scope') ?? token.scope;
  const scopes = parseScopes(scopeText);
  const first = new Map([...scopes.byResource].slice(0, 1));
  return {
    order: {
      grant: { ...grantOf(token), membership },
      scopes: form.get('scope') ? scopes : { ...scopes, byResource: first },
      scopeText,
      nonce: undefined,
      clientInfo: form.get('client_info') === '1',
      claims: form.get('claims') ?? undefined,
      signInClaims: undefined,
    },
    spend: () => {
      token.used = true;
    },
  };
}

async function answer(state: SandboxState, ctx: Koa.Context, authority: string): Promise<object> {
  const form = await readForm(ctx);
  const record = recordOf(ctx);
  const grantType = form.get('grant_type');
  record.grantType = grantType ?? '';
  record.scope = form.get('scope') ?? '';
  record.claims = form.get('claims') ?? '';
  const names = [...form.keys()];
  if (new Set(names).size < names.length) throw new ProtocolError(9000411);
  if (form.has('resource')) throw new ProtocolError(901002);
  required(form, 'grant_type');
  const audience = findAudience(authority);
  const app = await authenticateClient(state, {
    form,
    authorization: ctx.get('authorization'),
    tokenEndpoint: `${state.url.href}${authority}/oauth2/v2.0/token`,
    record,
  });
  if (ctx.get('origin')) throw new ProtocolError(9002326);
  switch (grantType) {
    case 'authorization_code':
      return issueTokens(state, judgeOrder(state, redeemCode(state, app, authority, form)));
    case 'refresh_token': {
      const { order, spend } = useRefreshToken(state, app, authority, form);
      const permit = judgeOrder(state, order);
      // Spent by success alone, and before any wait: of two at once, the second finds it used.
      if (order.scopes.openId.includes('offline_access')) spend();
      return issueTokens(state, permit);
    }
    case 'client_credentials':
      return issueAppToken(state, app, audience, form);
    default:
      throw new ProtocolError(70003);
  }
}

/** Adds `POST /{tenant}/oauth2/v2.0/token`. */
export function addTokenEndpoint(router: Router, state: SandboxState): void {
  router.post('/:tenant/oauth2/v2.0/token', async (ctx: Koa.Context) => {
    const authority: string = ctx['params'].tenant;
    const trace = traceOf(state.now(), ctx.get('client-request-id'));
    ctx.set({ 'cache-control': 'no-store, no-cache', pragma: 'no-cache' });
    ctx.set('x-ms-request-id', trace.traceId);
    if (ctx.get('client-request-id')) ctx.set('client-request-id', trace.correlationId);
    try {
      ctx.body = await answer(state, ctx, authority);
    } catch (error) {
      // The one place where a refusal becomes an OAuth error response; anything else is a defect.
      if (!(error instanceof ProtocolError)) throw error;
      recordOf(ctx).error = error.error;
      ctx.status = error.status;
      ctx.body = errorBody(error, trace, state.url);
    }
  });
}
