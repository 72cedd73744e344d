/** The end-session endpoint. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { signInAt } from '../../scripts/sandbox/sign-in-at.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { claimsOf, TestClient, text } from './test-client.ts';

const ada = 'ada@contoso.example';
const back = 'http://localhost:4000/signout-callback-oidc';
const otherApp = {
  ...demoApp,
  clientId: randomUUID(),
  frontChannelLogoutUrl: 'http://localhost:4999/signed-out-elsewhere',
};

describe('Sandbox logout endpoint', () => {
  let sandbox: Sandbox;
  let client: TestClient;
  let cookies: Map<string, string>;
  let idToken: Readonly<Record<string, unknown>>;
  let refreshToken: string;
  beforeEach(async () => {
    sandbox = await startSandbox({ apps: [demoApp, otherApp] });
    client = new TestClient(sandbox);
    cookies = new Map();
    const { callback } = await signInAt(client.authorizeUrl(), { username: ada, cookies });
    const { body } = await client.redeem(callback.searchParams.get('code') ?? '');
    idToken = claimsOf(text(body, 'id_token'));
    refreshToken = text(body, 'refresh_token');
  });
  afterEach(() => sandbox.close());

  const logout = (parameters: Record<string, string>, method = 'GET') => {
    const query = new URLSearchParams(parameters);
    const url = `${sandbox.url}common/oauth2/v2.0/logout`;
    const headers = { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') };
    return method === 'GET'
      ? fetch(`${url}?${query}`, { redirect: 'manual', headers })
      : fetch(url, { redirect: 'manual', headers, method, body: query });
  };
  const hint = () => ({ logout_hint: String(idToken['login_hint']) });

  const isSignedIn = async () => {
    const headers = { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') };
    const url = client.authorizeUrl({ prompt: 'none' });
    const response = await fetch(url, { redirect: 'manual', headers });
    return response.headers.get('location')?.includes('code=') ?? false;
  };

  it('signs the hinted person out and returns with state; the refresh token stays good', async () => {
    expect(await isSignedIn()).to.equal(true);
    const response = await logout({ ...hint(), post_logout_redirect_uri: back, state: 'S' });
    expect(response.status).to.equal(303);
    expect(response.headers.get('location')).to.equal(`${back}?state=S`);
    expect(await isSignedIn()).to.equal(false);
    expect((await client.refresh(refreshToken)).status).to.equal(200);
  });

  it('shows the picker without a hint, and signs out who is picked', async () => {
    const page = await (await logout({ post_logout_redirect_uri: back })).text();
    expect(page).to.contain('Which account do you want to sign out of?');
    expect(await isSignedIn()).to.equal(true);
    const user = page.match(/name="user" value="([^"]*)"/)?.[1] ?? '';
    const response = await logout({ user, post_logout_redirect_uri: back }, 'POST');
    expect(response.headers.get('location')).to.equal(back);
    expect(await isSignedIn()).to.equal(false);
  });

  it('does not return to an address that is not registered', async () => {
    const response = await logout({
      ...hint(),
      client_id: demoApp.clientId,
      post_logout_redirect_uri: 'http://evil.example/',
    });
    expect(response.status).to.equal(200);
    const page = await response.text();
    expect(page).to.contain('You signed out').and.not.to.contain('evil.example');
  });

  it('frames the front-channel URLs of the other apps with their sid, and of them alone', async () => {
    await signInAt(client.authorizeUrl({ client_id: otherApp.clientId }), {
      username: ada,
      cookies,
    });
    const response = await logout({
      ...hint(),
      client_id: demoApp.clientId,
      post_logout_redirect_uri: back,
    });
    const frames = [...(await response.text()).matchAll(/<iframe hidden src="([^"]*)"/g)];
    expect(frames.map(([, src]) => src)).to.deep.equal([
      `${otherApp.frontChannelLogoutUrl}?sid=${idToken['sid']}`,
    ]);
    expect(response.headers.get('content-security-policy')).to.contain(
      'frame-src http://localhost:4999',
    );
  });
});
