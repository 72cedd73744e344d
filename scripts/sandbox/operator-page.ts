/** The operator page: every fault as a form, the faults in force, and what was asked lately. */
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { users } from './directory.ts';
import { readForm } from './form.ts';
import { fieldsOf, type OperatorAction, operatorActions } from './operator-actions.ts';
import { type Html, html, showPage } from './page.ts';
import type { SandboxControls } from './sandbox-controls.ts';
import type { SandboxState } from './sandbox-state.ts';

/** A field's name as words: `retryAfterSeconds` is "retry after seconds". */
const inWords = (name: string): string =>
  name.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);

function field(name: string, given: readonly string[] | number): Html {
  if (typeof given === 'number') {
    return html`<label>${inWords(name)}<input name="${name}" value="${given}" inputmode="numeric"></label>`;
  }
  const options = given.map((choice) => html`<option>${choice}</option>`);
  return html`<label>${inWords(name)}<select name="${name}">${options}</select></label>`;
}

function actionForm({ name, title, fields }: OperatorAction): Html {
  const inputs = Object.entries(fields).map(([key, given]) => field(key, given));
  return html`<form method="post" action="/operator/${name}" data-test="${name}"><h2>${title}</h2><p>${inputs}<button>Do it</button></p></form>`;
}

/** The faults in force, one short line each. */
function inForce({ faults, refreshTokenMode, accessTokenSeconds, latencyMs }: SandboxState) {
  const strong = users.filter(({ id }) => faults.strongAuthentication.has(id));
  return [
    ...[...faults.outages].filter(([, outage]) => outage !== 'none').map((pair) => pair.join(': ')),
    ...[...faults.throttles]
      .filter(([, { remaining }]) => remaining > 0)
      .map(([service, { remaining }]) => `${service}: ${remaining} more answers of 429`),
    ...(faults.tenantThrottle && faults.tenantThrottle.remaining > 0
      ? [`authority: ${faults.tenantThrottle.remaining} more answers of AADSTS90055`]
      : []),
    ...faults.pathFaults.map(({ api, path, latencyMs, breaks }) =>
      latencyMs > 0
        ? `${api} ${path}: ${latencyMs} ms late`
        : `${api} ${path}: ${breaks} more answers break off`,
    ),
    ...[...faults.challenges].map(([api, { kind }]) => `${api}: claims challenge (${kind})`),
    ...strong.map(({ username }) => `${username}: strong sign-in required`),
    ...(faults.expiredCredentials ? [`every ${faults.expiredCredentials} has expired`] : []),
    ...(faults.refusedCredential && faults.refusedCredential.remaining > 0
      ? [
          `credentials: ${faults.refusedCredential.remaining} more answers of AADSTS${faults.refusedCredential.number}`,
        ]
      : []),
    ...(faults.idToken ? [`next ID token: ${faults.idToken}`] : []),
    ...(latencyMs > 0 ? [`answers ${latencyMs} ms late`] : []),
    `refresh tokens ${refreshTokenMode}`,
    `access tokens for ${accessTokenSeconds} s`,
  ];
}

function show(ctx: Koa.Context, state: SandboxState): void {
  const rows = state.requests
    .filter(({ endpoint }) => endpoint !== 'other')
    .slice(-25)
    .reverse()
    .map(({ at, endpoint, method, grantType, status, error, scope, credential }) => {
      const time = new Date(at).toISOString().slice(11, 19);
      const shown = credential && `${credential.kind} ${credential.name}`;
      const what = [grantType, shown, scope, error].filter(Boolean).join(' · ');
      return html`<tr><td>${time}</td><td>${method} ${endpoint}</td><td>${status}</td><td>${what}</td></tr>`;
    });
  const facts = inForce(state).map((line) => html`<li>${line}</li>`);
  showPage(
    ctx,
    { title: 'Operator', wide: true },
    html`<h1 data-test="heading">Sandbox operator</h1>
<p>Make faults on purpose and watch what the application does.</p>
<ul class="facts" data-test="in-force">${facts}</ul>
<div class="actions">${operatorActions.map(actionForm)}</div>
<h2>The last requests</h2>
<table><thead><tr><th>Time (UTC)</th><th>Request</th><th>Status</th><th>About</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

/** Adds `GET /operator` and `POST /operator/<action>`. */
export function addOperatorPage(
  router: Router,
  state: SandboxState,
  controls: SandboxControls,
): void {
  router.get('/operator', (ctx: Koa.Context) => show(ctx, state));
  router.post('/operator/:action', async (ctx: Koa.Context) => {
    const action = operatorActions.find(({ name }) => name === ctx['params'].action);
    const site = ctx.get('sec-fetch-site') || 'none';
    if (!action || !['none', 'same-origin'].includes(site)) return ctx.throw(404);
    try {
      await action.run(controls, fieldsOf(await readForm(ctx)));
    } catch (error) {
      // Only a wrong field is the caller's own doing.
      if (!(error instanceof RangeError)) throw error;
      return ctx.throw(400, error.message);
    }
    ctx.status = 303;
    ctx.redirect('/operator');
  });
}
