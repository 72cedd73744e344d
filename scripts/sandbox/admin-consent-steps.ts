/** How an administrator is asked to agree for everyone in a tenant, and what comes of the answer. */
import type Koa from 'koa';
import { answerAdminConsent } from './admin-consent-response.ts';
import {
  administers,
  findAudience,
  findMembership,
  type Membership,
  type User,
} from './directory.ts';
import { ProtocolError } from './protocol-error.ts';
import { askedScopes, parseScopes } from './resources.ts';
import { type Flow, keepConsent, type SandboxState } from './sandbox-state.ts';
import { showAdminConsentNeeded, showConsent } from './sign-in-pages.ts';

const scopesOf = (flow: Flow): string[] =>
  askedScopes(parseScopes(flow.parameters.get('scope') ?? ''));

export function askAdministrator(
  ctx: Koa.Context,
  flow: Flow,
  user: User,
  membership: Membership,
): void {
  const scopes = scopesOf(flow);
  if (administers(user, membership)) showConsent(ctx, flow, user, { scopes, forWhom: 'everyone' });
  else showAdminConsentNeeded(ctx, flow, user, scopes);
}

/** Ends the request; a form made by hand gives no more than the page would. */
export function answerForEveryone(
  ctx: Koa.Context,
  state: SandboxState,
  flow: Flow,
  { user, signedIn, accepted }: { user: User; signedIn: boolean; accepted: boolean },
): void {
  const membership = findMembership(user, findAudience(flow.authority));
  const may = membership !== undefined && signedIn && administers(user, membership);
  if (!may || !accepted) {
    const error = may ? 'access_denied' : 'consent_required';
    answerAdminConsent(ctx, state, flow, new ProtocolError(65004, { error }));
    return;
  }
  const scopes = scopesOf(flow);
  keepConsent(state, { clientId: flow.app.clientId, user, membership }, scopes, true);
  answerAdminConsent(ctx, state, flow, { tenantId: membership.tenant.id, scopes });
}
