/** The end-session endpoint: picker or hint, front-channel sign-out of other apps, the way back. */
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { browserOf, signedInUsers } from './browser-cookie.ts';
import { hintedUser } from './choose-user.ts';
import { findAudience, type User, users } from './directory.ts';
import { showError } from './error-page.ts';
import { readForm } from './form.ts';
import { html, showPage } from './page.ts';
import { ProtocolError } from './protocol-error.ts';
import type { SandboxApp } from './sandbox-options.ts';
import { isRegistered, type SandboxState } from './sandbox-state.ts';
import { tile } from './sign-in-pages.ts';

/** The app that asks, known by `client_id` or by the registered address to return to. */
function initiator(state: SandboxState, parameters: URLSearchParams): SandboxApp | undefined {
  const named = state.apps.get(parameters.get('client_id')?.toLowerCase() ?? '');
  const back = parameters.get('post_logout_redirect_uri');
  return named ?? [...state.apps.values()].find((app) => back !== null && isRegistered(app, back));
}

/** Where to return to: only an address that the app registered; else `undefined`. */
function returnAddress(app: SandboxApp | undefined, parameters: URLSearchParams) {
  const back = parameters.get('post_logout_redirect_uri');
  if (!app || back === null || !isRegistered(app, back)) return undefined;
  const echoed = parameters.get('state');
  const address = new URL(back);
  if (echoed !== null) address.searchParams.set('state', echoed);
  return address.href;
}

function showPicker(ctx: Koa.Context, people: readonly User[], parameters: URLSearchParams): void {
  const carried = [...parameters].map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  const tiles = people.map(
    (user) =>
      html`<form method="post" action="${ctx.path}">${carried}<input type="hidden" name="user" value="${user.id}">${tile(user, `account-${user.username}`)}</form>`,
  );
  showPage(
    ctx,
    { title: 'Pick an account' },
    html`<h1 data-test="heading">Pick an account</h1><p>Which account do you want to sign out of?</p>${tiles}`,
  );
}

/** Ends one person's session in this browser; gives the front-channel URLs of the other apps in it. */
function endSession(ctx: Koa.Context, state: SandboxState, user: User, except?: SandboxApp): URL[] {
  const browser = browserOf(ctx, state);
  const session = browser?.get(user.id);
  browser?.delete(user.id);
  return [...(session?.clientIds ?? [])].flatMap((clientId) => {
    const url = state.apps.get(clientId)?.frontChannelLogoutUrl;
    if (!session || url === undefined || clientId === except?.clientId) return [];
    const withSid = new URL(url);
    withSid.searchParams.set('sid', session.sid);
    return [withSid];
  });
}

async function signOut(ctx: Koa.Context, state: SandboxState): Promise<void> {
  findAudience(ctx['params'].tenant);
  const parameters = ctx.method === 'POST' ? await readForm(ctx) : ctx.URL.searchParams;
  const app = initiator(state, parameters);
  const back = returnAddress(app, parameters);
  const people = signedInUsers(ctx, state);
  const picked = ctx.method === 'POST' ? parameters.get('user') : null;
  const user = users.find(({ id }) => id === picked) ?? hintedUser(parameters.get('logout_hint'));
  parameters.delete('user');
  if (!user && people.length > 0) return showPicker(ctx, people, parameters);
  const others = user ? endSession(ctx, state, user, app) : [];
  if (others.length === 0 && back !== undefined) {
    ctx.status = 303;
    ctx.redirect(back);
    return;
  }
  const frames = others.map(
    ({ href }) => html`<iframe hidden src="${href}" title="Signing out of another app"></iframe>`,
  );
  showPage(
    ctx,
    {
      title: 'Signed out',
      frames: others.map(({ origin }) => origin),
      ...(back !== undefined && { continueTo: back }),
    },
    html`<h1 data-test="heading">You signed out of your account</h1>
<p data-test="signed-out">It’s a good idea to close all browser windows.</p>
${back !== undefined && html`<p class="buttons"><a class="primary" data-test="continue" href="${back}">Continue</a></p>`}
${frames}`,
  );
}

/** Adds `GET|POST /{tenant}/oauth2/v2.0/logout`. */
export function addLogoutEndpoint(router: Router, state: SandboxState): void {
  const handle = async (ctx: Koa.Context) => {
    try {
      await signOut(ctx, state);
    } catch (error) {
      // A person is looking at this, so a refusal is a page.
      if (!(error instanceof ProtocolError)) throw error;
      showError(ctx, state, error);
    }
  };
  router.get('/:tenant/oauth2/v2.0/logout', handle);
  router.post('/:tenant/oauth2/v2.0/logout', handle);
}
