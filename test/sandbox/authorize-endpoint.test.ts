/** The authorize endpoint and the pages behind it, from request to answer. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { signInAt } from '../../scripts/sandbox/sign-in-at.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { callback, claimsOf, TestClient, text } from './test-client.ts';

const ada = 'ada@contoso.example';
const ben = 'ben@contoso.example';
const cleo = 'cleo@fabrikam.example';
const dan = 'dan@fabrikam.example';
const eve = 'eve@personal.example';

describe('Sandbox authorize endpoint', () => {
  let sandbox: Sandbox;
  let client: TestClient;
  beforeEach(async () => {
    sandbox = await startSandbox();
    client = new TestClient(sandbox);
  });
  afterEach(() => sandbox.close());

  const open = (url: URL, cookies = new Map<string, string>()) =>
    fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
    });

  /** The answer sent to the app without a page. */
  const answerTo = async (more: Record<string, string>, cookies?: Map<string, string>) => {
    const response = await open(client.authorizeUrl(more), cookies);
    return new URL(response.headers.get('location') ?? 'about:blank');
  };

  const headingOf = async (response: Response) =>
    (await response.text()).match(/data-test="heading">([^<]*)/)?.[1];

  it('shows who, password and consent, and answers with state and an empty fragment', async () => {
    const { callback: url, headings } = await signInAt(client.authorizeUrl(), { username: ada });
    expect(headings).to.deep.equal(['Sign in', 'Enter password', 'Permissions requested']);
    expect(url.href.startsWith(`${callback}?`)).to.equal(true);
    expect(url.href.endsWith('#')).to.equal(true);
    expect([...url.searchParams.keys()]).to.have.members([
      ...['code', 'state', 'session_state', 'client_info'],
    ]);
    expect(url.searchParams.get('state')).to.equal('the state');
  });

  it('asks for consent once, and then for what is new only', async () => {
    const cookies = new Map<string, string>();
    await signInAt(client.authorizeUrl(), { username: ada, cookies });
    const again = await signInAt(client.authorizeUrl(), { username: ada, cookies });
    expect(again.headings).to.deep.equal([]);
    const page = await (await open(client.authorizeUrl({ scope: 'Mail.Read' }), cookies)).text();
    const scopes = [...page.matchAll(/data-scope="([^"]*)"/g)].map(([, scope]) => scope);
    expect(scopes).to.deep.equal(['https://graph.microsoft.com/Mail.Read']);
    expect(page).to.contain('Read your mail');
  });

  it('tells the app of a consent declined, as Entra ID does', async () => {
    const { callback: url } = await signInAt(client.authorizeUrl(), {
      username: ada,
      consent: 'cancel',
    });
    expect(url.searchParams.get('error')).to.equal('access_denied');
    expect(url.searchParams.get('error_subcode')).to.equal('cancel');
    expect(url.searchParams.get('error_description')).to.match(/^AADSTS65004: .*Trace ID: /);
    expect(url.searchParams.get('state')).to.equal('the state');
  });

  it('answers by form_post with a page that sends itself, without inline script', async () => {
    const { callback: url, form } = await signInAt(
      client.authorizeUrl({ response_mode: 'form_post' }),
      { username: ada },
    );
    expect(url.href).to.equal(callback);
    expect([...(form?.keys() ?? [])]).to.include.members(['code', 'state']);
  });

  it('never redirects to an address or for an app it does not know', async () => {
    for (const [more, number] of [
      [{ redirect_uri: 'http://localhost:4000/evil' }, 50011],
      [{ redirect_uri: 'http://127.0.0.1:4000/signin-oidc' }, 50011],
      [{ redirect_uri: 'http://localhost:4000/signin-oidc?x=1' }, 50011],
      [{ redirect_uri: 'http://LOCALHOST:4000/SIGNIN-OIDC' }, 50011],
      [{ client_id: randomUUID() }, 700016],
    ] as const) {
      const response = await open(client.authorizeUrl(more));
      expect(response.status).to.equal(400);
      expect(response.headers.has('location')).to.equal(false);
      expect(await response.text()).to.contain(`AADSTS${number}`);
    }
  });

  it('leaves the port of http://localhost free', async () => {
    const url = client.authorizeUrl({ redirect_uri: 'http://localhost:61234/signin-oidc' });
    expect((await open(url)).status).to.equal(200);
  });

  const refusals: readonly (readonly [string, Record<string, string>, string])[] = [
    ['another response type', { response_type: 'id_token' }, 'unsupported_response_type'],
    ['an unknown scope', { scope: 'openid No.Such' }, 'invalid_scope'],
    ['.default beside a named scope', { scope: 'User.Read .default' }, 'invalid_scope'],
    ['an unknown resource', { scope: 'api://nobody/X' }, 'invalid_resource'],
    ['claims that are no JSON', { claims: '{' }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    [
      'a hint with select_account',
      { prompt: 'select_account', login_hint: ada },
      'invalid_request',
    ],
    ['a silent request with nobody signed in', { prompt: 'none' }, 'login_required'],
  ];
  for (const [what, more, error] of refusals) {
    it(`tells the app ${error} for ${what}`, async () => {
      expect((await answerTo(more)).searchParams.get('error')).to.equal(error);
    });
  }

  it('answers a silent request for the one person signed in, and says when it cannot', async () => {
    const cookies = new Map<string, string>();
    await signInAt(client.authorizeUrl(), { username: ada, cookies });
    const silent = await answerTo({ prompt: 'none' }, cookies);
    expect(silent.searchParams.has('code')).to.equal(true);
    const more = await answerTo({ prompt: 'none', scope: 'Mail.Read' }, cookies);
    expect(more.searchParams.get('error')).to.equal('consent_required');
    const two = client.authorizeUrl({ prompt: 'select_account' });
    await signInAt(two, { username: ben, cookies });
    const which = await answerTo({ prompt: 'none' }, cookies);
    expect(which.searchParams.get('error')).to.equal('interaction_required');
  });

  it('shows the picker for select_account and several people, the password for login', async () => {
    const cookies = new Map<string, string>();
    await signInAt(client.authorizeUrl(), { username: ada, cookies });
    const pick = client.authorizeUrl({ prompt: 'select_account' });
    expect(await headingOf(await open(pick, cookies))).to.equal('Pick an account');
    await signInAt(pick, { username: ben, cookies });
    expect(await headingOf(await open(client.authorizeUrl(), cookies))).to.equal('Pick an account');
    const login = await signInAt(client.authorizeUrl({ prompt: 'login', login_hint: ada }), {
      username: ada,
      cookies,
    });
    expect(login.headings).to.deep.equal(['Enter password']);
  });

  it('goes to the hinted person, by username or by the opaque hint of the ID token', async () => {
    const { body } = await client.redeem(await client.code(ada));
    const opaque = String(claimsOf(text(body, 'id_token'))['login_hint']);
    for (const hint of [ada, opaque]) {
      const page = await (await open(client.authorizeUrl({ login_hint: hint }))).text();
      expect(page).to.contain('Enter password').and.to.contain(`<p class="chip">${ada}</p>`);
    }
  });

  it('shows consent again for prompt=consent, once', async () => {
    const cookies = new Map<string, string>();
    await signInAt(client.authorizeUrl(), { username: ada, cookies });
    const url = client.authorizeUrl({ prompt: 'consent' });
    const { headings } = await signInAt(url, { username: ada, cookies });
    expect(headings).to.deep.equal(['Permissions requested']);
  });

  it('keeps people out of authorities that are not theirs', async () => {
    for (const [tenant, username] of [
      ['consumers', ada],
      ['organizations', eve],
      ['contoso.example', dan],
    ] as const) {
      const url = new TestClient(sandbox, tenant).authorizeUrl({ login_hint: username });
      expect(await (await open(url)).text()).to.contain('AADSTS50020');
    }
    const guest = new TestClient(sandbox, 'contoso.example').authorizeUrl({ login_hint: cleo });
    expect(await headingOf(await open(guest))).to.equal('Enter password');
  });

  it('needs an administrator where the tenant says so', async () => {
    const url = client.authorizeUrl({ scope: 'User.ReadBasic.All', login_hint: dan });
    const outcome = await signInAt(url, { username: dan, consent: 'cancel' });
    expect(outcome.headings).to.include('Need admin approval');
    expect(outcome.callback.searchParams.get('error')).to.equal('access_denied');
  });

  it('asks for approval when the claims want a strong sign-in', async () => {
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    const { headings } = await signInAt(client.authorizeUrl({ claims }), { username: ada });
    expect(headings).to.include('Approve sign-in request');
  });

  it('puts no script and nothing unescaped into its pages, and says what it is', async () => {
    const response = await open(client.authorizeUrl({ login_hint: '"><script>alert(1)</script>' }));
    const page = await response.text();
    expect(page).not.to.contain('<script');
    expect(page).to.contain('Sandbox – not for production');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).to.contain("default-src 'none'").and.not.to.contain('unsafe');
    expect(policy).not.to.contain('form-action');
  });

  it('ends on a page when the sign-in is not known', async () => {
    const body = new URLSearchParams({ flow: randomUUID() });
    const response = await fetch(`${sandbox.url}common/login`, { method: 'POST', body });
    expect(response.status).to.equal(400);
    expect(await response.text()).to.contain('start again');
  });

  it('registers apps while it runs', async () => {
    const clientId = randomUUID();
    sandbox.controls.register({ ...demoApp, clientId, redirectUris: ['https://localhost/cb'] });
    const more = { client_id: clientId, redirect_uri: 'https://localhost/cb' };
    expect((await open(client.authorizeUrl(more))).status).to.equal(200);
  });
});
