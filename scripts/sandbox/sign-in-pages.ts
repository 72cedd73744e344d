/** The pages of a sign-in, as plain forms that post to `/{tenant}/login`. */

/*
 * For browser tests, the `data-test` values are: `heading` on every page; `account-<username>` and
 * `other-account` (account picker); `username`, `next` and `person-<username>` (who signs in);
 * `password`, `sign-in` and `other-account`; `approve` (strong sign-in); `scope` on each scope, `for-organisation`
 * (administrators alone), `accept` and `cancel` (consent); `cancel` (admin consent needed); `error-code` and `error-description` (errors);
 * `signed-out` and `continue` (sign-out). Fields are named `username`, `password`, `decision`, `organisation`.
 */
import type Koa from 'koa';
import { homeTenant, type User } from './directory.ts';
import { type Html, html, showPage } from './page.ts';
import { inWords } from './resources.ts';
import type { Flow } from './sandbox-state.ts';

function form(flow: Flow, step: string, user: User | undefined, body: Html): Html {
  return html`<form method="post" action="/${flow.authority}/login">
<input type="hidden" name="flow" value="${flow.id}">
<input type="hidden" name="step" value="${step}">
${user && html`<input type="hidden" name="user" value="${user.id}">`}
${body}
</form>`;
}

const chip = ({ username }: User): Html => html`<p class="chip">${username}</p>`;

/** A person as a tile: initials, name, username. */
export function tile(user: User, dataTest: string, note?: string): Html {
  const initials = user.name.replace(/[^A-Z]/g, '');
  return html`<button class="tile" data-test="${dataTest}"><span class="initials" aria-hidden="true">${initials}</span>
<span class="who"><strong>${user.name}</strong><span>${user.username}</span></span>${note && html`<span class="note">${note}</span>`}</button>`;
}

export function showAccountPicker(ctx: Koa.Context, flow: Flow, people: readonly User[]): void {
  const tiles = people.map((user) =>
    form(flow, 'pick', user, tile(user, `account-${user.username}`, 'Signed in')),
  );
  showPage(
    ctx,
    { title: 'Pick an account' },
    html`<h1 data-test="heading">Pick an account</h1>
<p>to continue to ${flow.app.name}</p>
${tiles}
${form(flow, 'username', undefined, html`<button class="tile" data-test="other-account"><span class="initials" aria-hidden="true">+</span><span class="who"><strong>Use another account</strong></span></button>`)}`,
  );
}

export function showUsername(
  ctx: Koa.Context,
  flow: Flow,
  people: readonly User[],
  { entered, unknown = false }: { entered: string; unknown?: boolean },
): void {
  const tiles = people.map((user) => {
    const value = html`<input type="hidden" name="username" value="${user.username}">`;
    const button = tile(user, `person-${user.username}`, homeTenant(user).name);
    return form(flow, 'username', undefined, html`${value}${button}`);
  });
  const problem = html`<p class="problem" role="alert">This username may be incorrect. Make sure you typed it correctly.</p>`;
  showPage(
    ctx,
    { title: 'Sign in' },
    html`<h1 data-test="heading">Sign in</h1>
<p>to continue to ${flow.app.name}</p>
${form(
  flow,
  'username',
  undefined,
  html`${unknown && problem}
<input name="username" data-test="username" value="${entered}" aria-label="Username" placeholder="someone@contoso.example" autocomplete="off" autofocus>
<p class="buttons"><button class="primary" data-test="next">Next</button></p>`,
)}
<h2>Or be one of the demo people</h2>
${tiles}`,
  );
}

export function showPassword(ctx: Koa.Context, flow: Flow, user: User): void {
  showPage(
    ctx,
    { title: 'Enter password' },
    html`${chip(user)}<h1 data-test="heading">Enter password</h1>
${form(
  flow,
  'password',
  user,
  html`<input type="password" name="password" data-test="password" value="demo" aria-label="Password" autocomplete="off" autofocus>
<p class="detail">This is a demo: any password will do.</p>
<p class="buttons"><button class="primary" data-test="sign-in">Sign in</button></p>`,
)}
${form(flow, 'username', undefined, html`<button class="link" data-test="other-account">Use another account</button>`)}`,
  );
}

export function showStrongSignIn(ctx: Koa.Context, flow: Flow, user: User): void {
  showPage(
    ctx,
    { title: 'Approve sign-in' },
    html`${chip(user)}<h1 data-test="heading">Approve sign-in request</h1>
<p>Your organisation asks for a second proof that it is you.</p>
<p class="number" aria-hidden="true">42</p>
${form(
  flow,
  'strong',
  user,
  html`<p class="detail">This is a demo: approve it here instead of on a phone.</p>
<p class="buttons"><button class="primary" data-test="approve">Approve</button></p>`,
)}`,
  );
}

export function showConsent(
  ctx: Koa.Context,
  flow: Flow,
  user: User,
  {
    scopes,
    forWhom,
  }: { scopes: readonly string[]; forWhom: 'self' | 'everyone' | 'self or everyone' },
): void {
  const items = scopes.map(
    (scope) =>
      html`<li data-test="scope" data-scope="${scope}"><strong>${inWords(scope)}</strong><span>${scope}</span></li>`,
  );
  showPage(
    ctx,
    { title: 'Permissions requested' },
    html`${chip(user)}<h1 data-test="heading">Permissions requested</h1>
<p><strong>${flow.app.name}</strong> would like to${forWhom === 'everyone' && html`, for everyone in ${homeTenant(user).name}`}:</p>
<ul class="scopes">${items}</ul>
<p class="detail">Accepting means that you allow this app to use your data as it says. It will be asked once only.</p>
${form(
  flow,
  'consent',
  user,
  html`${forWhom === 'self or everyone' && html`<label><input type="checkbox" name="organisation" data-test="for-organisation"> Consent on behalf of your organisation</label>`}
<p class="buttons"><button name="decision" value="cancel" data-test="cancel">Cancel</button>
<button class="primary" name="decision" value="accept" data-test="accept">Accept</button></p>`,
)}`,
  );
}

export function showAdminConsentNeeded(
  ctx: Koa.Context,
  flow: Flow,
  user: User,
  scopes: readonly string[],
): void {
  const items = scopes.map(
    (scope) => html`<li data-scope="${scope}"><strong>${inWords(scope)}</strong></li>`,
  );
  showPage(
    ctx,
    { title: 'Need admin approval' },
    html`${chip(user)}<h1 data-test="heading">Need admin approval</h1>
<p data-test="error-code">AADSTS90094</p>
<p><strong>${flow.app.name}</strong> needs permission that only an administrator of ${homeTenant(user).name} can grant:</p>
<ul class="scopes">${items}</ul>
${form(flow, 'consent', user, html`<p class="buttons"><button name="decision" value="cancel" data-test="cancel">Return to the application</button></p>`)}`,
  );
}
