/** The authorization request: what it always carries, and what it never combines. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { createAuthority } from '../../src/authority/create-authority.ts';
import { endSessionUrl } from '../../src/authority/end-session-url.ts';
import { requestCode } from '../../src/authority/request-code.ts';
import { createLog } from '../../src/log.ts';
import {
  CLIENT_ID,
  type StubAuthority,
  startStubAuthority,
  TENANT,
} from '../support/stub-authority.ts';
import { anAuthority, redirectUri, settingsFor, userRead } from './an-authority.ts';

describe('requestCode', () => {
  let stub: StubAuthority;
  beforeEach(async () => {
    stub = await startStubAuthority();
  });
  afterEach(() => stub.close());

  it('asks with PKCE, state and nonce for identity, a refresh token and the scopes', async () => {
    const scopes = [...userRead, 'openid'];
    const request = await requestCode(anAuthority(stub), { redirectUri, scopes });
    const { origin, pathname, searchParams } = request.url;
    expect(`${origin}${pathname}`).to.equal(`${stub.origin}/${TENANT}/oauth2/v2.0/authorize`);
    expect(Object.fromEntries(searchParams)).to.deep.equal({
      client_id: CLIENT_ID,
      response_type: 'code',
      response_mode: 'query',
      redirect_uri: redirectUri.href,
      scope: 'openid profile offline_access https://graph.microsoft.com/User.Read',
      state: request.state,
      nonce: request.nonce,
      code_challenge: createHash('sha256').update(request.codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
      client_info: '1',
    });
  });

  it('asks for a posted answer where that is configured', async () => {
    const settings = { ...anAuthority(stub).settings, responseMode: 'form_post' as const };
    const authority = { ...anAuthority(stub), settings };
    const { url } = await requestCode(authority, { redirectUri, scopes: [] });
    expect(url.searchParams.get('response_mode')).to.equal('form_post');
  });

  it('never asks twice with the same state, nonce or verifier', async () => {
    const authority = anAuthority(stub);
    const ask = () => requestCode(authority, { redirectUri, scopes: [] });
    const [one, two] = [await ask(), await ask()];
    for (const name of ['state', 'nonce', 'codeVerifier'] as const) {
      expect(one[name]).to.have.length.above(30).and.not.equal(two[name]);
    }
  });

  it('passes hints, prompt and claims', async () => {
    const hints = { loginHint: 'opaque', domainHint: 'contoso.test', claims: '{"id_token":{}}' };
    const { url } = await requestCode(anAuthority(stub), {
      ...hints,
      redirectUri,
      scopes: [],
      prompt: 'login',
    });
    const { login_hint, domain_hint, claims, prompt } = Object.fromEntries(url.searchParams);
    expect({ loginHint: login_hint, domainHint: domain_hint, claims }).to.deep.equal(hints);
    expect(prompt).to.equal('login');
  });

  it('lets the person choose, without a hint, when asked to', async () => {
    const { url } = await requestCode(anAuthority(stub), {
      redirectUri,
      scopes: [],
      loginHint: 'ada',
      prompt: 'select_account',
    });
    expect(url.searchParams.get('prompt')).to.equal('select_account');
    expect(url.searchParams.has('login_hint')).to.equal(false);
  });

  it('asks an authority that knows no choice of account to sign the person in anew', async () => {
    const issuer = stub.origin;
    const settings = settingsFor({ kind: 'oidc', issuer: new URL(issuer) });
    const parts = { fetch, now: Date.now, log: createLog('silent'), audit: () => {} };
    const request = {
      redirectUri,
      scopes: [],
      loginHint: 'ada',
      prompt: 'select_account' as const,
    };
    for (const [prompts, expected] of [
      [undefined, 'login'],
      [['none', 'login', 'consent'], 'login'],
      [['none', 'login', 'select_account'], 'select_account'],
    ] as const) {
      const document = { ...stub.document(''), issuer, prompt_values_supported: prompts };
      stub.onDiscovery = () => ({ body: document });
      const { url } = await requestCode(createAuthority(settings, parts), request);
      expect(url.searchParams.get('prompt')).to.equal(expected);
      expect(url.searchParams.has('login_hint')).to.equal(false);
    }
  });

  it('asks a plain OpenID Connect authority for no client_info', async () => {
    stub.onDiscovery = () => ({ body: { ...stub.document(''), issuer: stub.origin } });
    const settings = settingsFor({ kind: 'oidc', issuer: new URL(stub.origin) });
    const parts = { fetch, now: Date.now, log: createLog('silent'), audit: () => {} };
    const request = { redirectUri, scopes: [] };
    const { url } = await requestCode(createAuthority(settings, parts), request);
    expect(url.searchParams.has('client_info')).to.equal(false);
  });
});

describe('endSessionUrl', () => {
  let stub: StubAuthority;
  beforeEach(async () => {
    stub = await startStubAuthority();
  });
  afterEach(() => stub.close());

  const postLogoutRedirectUri = new URL('http://localhost:3000/signout-callback-oidc');

  it('names the account by its hint, and the way back', async () => {
    const request = { postLogoutRedirectUri, logoutHint: 'opaque-hint' };
    const url = await endSessionUrl(anAuthority(stub), request);
    expect(url?.pathname).to.equal(`/${TENANT}/oauth2/v2.0/logout`);
    expect(Object.fromEntries(url?.searchParams ?? [])).to.deep.equal({
      post_logout_redirect_uri: postLogoutRedirectUri.href,
      logout_hint: 'opaque-hint',
      client_id: CLIENT_ID,
    });
  });

  it('is not there if the authority has no such endpoint', async () => {
    stub.onDiscovery = () => ({
      body: { ...stub.document(TENANT), end_session_endpoint: undefined },
    });
    expect(await endSessionUrl(anAuthority(stub), { postLogoutRedirectUri })).to.equal(undefined);
  });
});
