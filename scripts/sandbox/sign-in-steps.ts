/** The steps between an authorization request and its answer: who, password, strong sign-in, consent. */
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { answerForEveryone, askAdministrator } from './admin-consent-steps.ts';
import { respondToApp } from './authorization-response.ts';
import { browserOf, signInBrowser } from './browser-cookie.ts';
import { chooseUser, welcome } from './choose-user.ts';
import { parseClaims } from './claims-request.ts';
import {
  administers,
  findAudience,
  findMembership,
  findUser,
  homeTenant,
  type Membership,
  type User,
  users,
} from './directory.ts';
import { showError } from './error-page.ts';
import { readForm } from './form.ts';
import { ProtocolError } from './protocol-error.ts';
import { askedScopes, isAdminScope, parseScopes } from './resources.ts';
import { consentsOf, type Flow, keepConsent, type SandboxState } from './sandbox-state.ts';
import {
  showAdminConsentNeeded,
  showConsent,
  showPassword,
  showStrongSignIn,
  showUsername,
} from './sign-in-pages.ts';

/** The scopes asked for and not agreed to; `.default` asks only where nothing was agreed to. */
function missingScopes(state: SandboxState, flow: Flow, user: User, membership: Membership) {
  const agreed = consentsOf(state, { clientId: flow.app.clientId, user, membership });
  const request = parseScopes(flow.parameters.get('scope') ?? '');
  const byResource = [...request.byResource].filter(
    ([{ uri }, names]) =>
      !names.includes('.default') || ![...agreed].some((scope) => scope.startsWith(`${uri}/`)),
  );
  const asked = askedScopes({ ...request, byResource: new Map(byResource) });
  if (flow.parameters.get('prompt') === 'consent' && !flow.consented) return asked;
  return asked.filter((scope) => !agreed.has(scope));
}

/** Those that this person cannot consent to. */
function lockedScopes(scopes: readonly string[], user: User, membership: Membership): string[] {
  if (administers(user, membership)) return [];
  const { adminConsentScopes } = membership.tenant;
  return scopes.filter((scope) => isAdminScope(scope) || adminConsentScopes.includes(scope));
}

/** Takes a request one step on: shows the next page, or answers the app. */
export function advance(ctx: Koa.Context, state: SandboxState, flow: Flow): void {
  const silent = flow.parameters.get('prompt') === 'none';
  try {
    const user = flow.user ?? chooseUser(ctx, state, flow);
    if (!user) return;
    flow.user = user;
    proceed(ctx, state, flow, user, silent);
  } catch (error) {
    // A silent request tells the app; otherwise the person reads it here.
    if (!(error instanceof ProtocolError)) throw error;
    if (silent) respondToApp(ctx, state, flow, error);
    else showError(ctx, state, error);
  }
}

function proceed(ctx: Koa.Context, state: SandboxState, flow: Flow, user: User, silent: boolean) {
  const membership = findMembership(user, findAudience(flow.authority));
  if (!membership) {
    throw new ProtocolError(50020, {
      detail: `User account '${user.username}' from identity provider '${homeTenant(user).name}' does not exist in tenant '${flow.authority}' and cannot access the application '${flow.app.clientId}' in that tenant.`,
    });
  }
  const session = browserOf(ctx, state)?.get(user.id);
  const again = flow.parameters.get('prompt') === 'login' && !flow.authenticated;
  if (!session || again) {
    if (silent) throw new ProtocolError(50058);
    return showPassword(ctx, flow, user);
  }
  if (flow.isAdminConsent) return askAdministrator(ctx, flow, user, membership);
  const claims = parseClaims(flow.parameters.get('claims'));
  const strong = claims.wantsStrong || state.faults.strongAuthentication.has(user.id);
  if (strong && !session.strong) {
    if (silent) throw new ProtocolError(50076, { error: 'interaction_required' });
    return showStrongSignIn(ctx, flow, user);
  }
  const missing = missingScopes(state, flow, user, membership);
  if (missing.length > 0) {
    const locked = lockedScopes(missing, user, membership);
    if (silent) {
      throw new ProtocolError(locked.length > 0 ? 90094 : 65001, { error: 'consent_required' });
    }
    if (locked.length > 0) return showAdminConsentNeeded(ctx, flow, user, locked);
    const forWhom = administers(user, membership) ? 'self or everyone' : 'self';
    return showConsent(ctx, flow, user, { scopes: missing, forWhom });
  }
  respondToApp(ctx, state, flow, { user, membership, session });
}

const flowLifetimeMs = 60 * 60 * 1000;

/** Each page's form names its person, so that a page found with the back button means what it says. */
function selectUser(flow: Flow, user: User): void {
  if (flow.user === user) return;
  flow.user = user;
  flow.authenticated = false;
  flow.consented = false;
}

function enterUsername(ctx: Koa.Context, state: SandboxState, flow: Flow, entered: string): void {
  const user = findUser(entered);
  if (user) {
    selectUser(flow, user);
    advance(ctx, state, flow);
  } else {
    const people = welcome(flow, findAudience(flow.authority), users);
    showUsername(ctx, flow, people, { entered, unknown: entered !== '' });
  }
}

function agree(
  ctx: Koa.Context,
  state: SandboxState,
  flow: Flow,
  { user, forOrganisation }: { user: User; forOrganisation: boolean },
): void {
  const membership = findMembership(user, findAudience(flow.authority));
  if (!membership || !browserOf(ctx, state)?.has(user.id)) return;
  const missing = missingScopes(state, flow, user, membership);
  // A form made by hand agrees to no more than the page would have offered.
  if (lockedScopes(missing, user, membership).length > 0) return;
  const forAll = forOrganisation && administers(user, membership);
  keepConsent(state, { clientId: flow.app.clientId, user, membership }, missing, forAll);
  flow.consented = true;
}

function take(ctx: Koa.Context, state: SandboxState, flow: Flow, form: URLSearchParams): void {
  const step = form.get('step');
  const user = users.find(({ id }) => id === form.get('user'));
  if (step === 'username' || !user) {
    enterUsername(ctx, state, flow, form.get('username') ?? '');
    return;
  }
  selectUser(flow, user);
  if (flow.isAdminConsent && step === 'consent') {
    const accepted = form.get('decision') === 'accept';
    const signedIn = browserOf(ctx, state)?.has(user.id) ?? false;
    answerForEveryone(ctx, state, flow, { user, signedIn, accepted });
    return;
  }
  if (form.get('decision') === 'cancel') {
    respondToApp(ctx, state, flow, new ProtocolError(65004));
    return;
  }
  if (step === 'password' && form.get('password')) {
    signInBrowser(ctx, state, user);
    flow.authenticated = true;
    // The new cookie is seen by the next request, and the back button does not send the form again.
    ctx.status = 303;
    ctx.redirect(`${state.url.href}${flow.authority}/login?flow=${flow.id}`);
    return;
  }
  const session = browserOf(ctx, state)?.get(user.id);
  if (step === 'strong' && session) session.strong = true;
  if (step === 'consent') {
    agree(ctx, state, flow, { user, forOrganisation: form.get('organisation') === 'on' });
  }
  advance(ctx, state, flow);
}

/** Adds `POST /{tenant}/login`, where all forms of the sign-in pages go, and its GET, which goes on. */
export function addSignInSteps(router: Router, state: SandboxState): void {
  const withFlow = (act: (ctx: Koa.Context, flow: Flow, form: URLSearchParams) => void) => {
    return async (ctx: Koa.Context) => {
      const form = ctx.method === 'POST' ? await readForm(ctx) : ctx.URL.searchParams;
      const flow = state.flows.get(form.get('flow') ?? '');
      const alive = flow && flow.startedAt + flowLifetimeMs > state.now();
      if (alive) return act(ctx, flow, form);
      const detail = 'This sign-in has ended. Go back to the application and start again.';
      showError(ctx, state, new ProtocolError(50089, { detail }));
    };
  };
  router.get(
    '/:tenant/login',
    withFlow((ctx, flow) => advance(ctx, state, flow)),
  );
  router.post(
    '/:tenant/login',
    withFlow((ctx, flow, form) => take(ctx, state, flow, form)),
  );
}
