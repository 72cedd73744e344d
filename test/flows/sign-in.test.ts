/** Signing in, seeing data and signing out, over real HTTP against the sandbox. */
import { expect } from 'chai';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { passSandbox, type Site, startSandboxedSite } from '../support/site.ts';
import { type Page, Visitor } from '../support/visitor.ts';

const ADA = 'ada@contoso.example';

describe('A person', () => {
  let site: Site;
  let sandbox: Sandbox;
  let visitor: Visitor;

  beforeEach(async () => {
    ({ site, sandbox } = await startSandboxedSite());
    visitor = new Visitor();
  });

  afterEach(async () => {
    await site.close();
    await sandbox.close();
  });

  const at = (path: string) => `${site.url}${path}`;
  const signIn = async (path = '/profile', username = ADA): Promise<Page> =>
    passSandbox(visitor, await visitor.open(at(path)), username);
  const tokenRequests = (grantType: string) =>
    sandbox.requests.filter(
      (request) => request.endpoint === 'token' && request.grantType === grantType,
    );

  it('who is signed out is brought to sign in, and back to the page with its query string', async () => {
    const page = await signIn('/profile?tab=1&x=%C3%A9');
    expect(page.url.href).to.equal(at('/profile?tab=1&x=%C3%A9'));
    expect(page.status).to.equal(200);
    expect(page.text).to.include('Ada Example');
    expect(tokenRequests('authorization_code')).to.have.length(1);
    expect(tokenRequests('refresh_token')).to.have.length(0);
  });

  it('signs in where the settings write the client ID in upper case', async () => {
    await site.close();
    await sandbox.close();
    const AzureAd__ClientId = demoApp.clientId.toUpperCase();
    expect(AzureAd__ClientId).to.not.equal(demoApp.clientId);
    ({ site, sandbox } = await startSandboxedSite({ AzureAd__ClientId }));
    expect(await signIn()).to.include({ status: 200 });
  });

  it('sees their picture, as a picture and nothing else', async () => {
    await signIn();
    const photo = await visitor.fetch(at('/profile/photo'), {
      headers: { 'sec-fetch-dest': 'image' },
    });
    expect(photo.status).to.equal(200);
    expect(photo.headers.get('content-type')).to.match(/^image\/(png|jpeg)$/);
    expect(photo.headers.get('x-content-type-options')).to.equal('nosniff');
    expect((await photo.arrayBuffer()).byteLength).to.be.above(100);
  });

  it('is asked for consent to mail only when opening mail, and for exactly that', async () => {
    await signIn();
    const asked = await visitor.open(at('/mail?top=5'));
    expect(asked.url.hostname).to.equal('127.0.0.1');
    const authorize = asked.trail.find((url) => url.pathname.endsWith('/authorize'));
    expect(authorize?.searchParams.get('scope')?.split(' ').sort()).to.deep.equal(
      ['Mail.Read', 'offline_access', 'openid', 'profile'].sort(),
    );
    expect(authorize?.searchParams.get('prompt')).to.equal(null);
    const mail = await passSandbox(visitor, asked, ADA);
    expect(mail.url.href).to.equal(at('/mail?top=5'));
    expect(mail.status).to.equal(200);
    const again = await visitor.open(at('/mail'));
    expect(again.url.href).to.equal(at('/mail'));
  });

  it('sees another API’s data, with that API’s own token', async () => {
    await signIn();
    const page = await passSandbox(visitor, await visitor.open(at('/apis/todos')), ADA);
    expect(page.url.href).to.equal(at('/apis/todos'));
    expect(page.status).to.equal(200);
    expect(
      sandbox.requests.filter((request) => request.endpoint === 'todo' && request.status === 200),
    ).to.have.length(1);
  });

  it('who declines is told what is missing, and is still signed in', async () => {
    await signIn();
    const declined = await passSandbox(visitor, await visitor.open(at('/mail')), ADA, 'cancel');
    expect(declined.url.origin).to.equal(site.url);
    expect(declined.status).to.equal(400);
    expect(declined.text).to.include('Mail.Read');
    const profile = await visitor.open(at('/profile'));
    expect(profile.url.href).to.equal(at('/profile'));
    expect(profile.text).to.include('Ada Example');
  });

  it('signs out: the site forgets, the authority is told, and the cookie opens nothing', async () => {
    const profile = await signIn();
    const cookie = visitor.cookies(site.url);
    const bye = await visitor.submit(profile, '/sign-out');
    expect(bye.status).to.equal(200);
    const thief = await fetch(at('/api/session'), { headers: { cookie } });
    expect(thief.status).to.equal(401);
    const link = /href="([^"]*oauth2\/v2\.0\/logout[^"]*)"/
      .exec(bye.text)?.[1]
      ?.replaceAll('&amp;', '&');
    const signedOut = await visitor.open(link ?? '');
    expect(signedOut.url.href).to.match(/\/signout-callback-oidc/);
    expect(signedOut.url.origin).to.equal(site.url);
    const next = await visitor.open(at('/profile'));
    const authorize = next.trail.find((url) => url.pathname.endsWith('/authorize'));
    expect(authorize?.searchParams.get('prompt')).to.equal('select_account');
    expect(authorize?.searchParams.has('login_hint')).to.equal(false);
  });

  it('is never given a token, a code or a secret in a page, a URL or a cookie, nor is the log', async () => {
    const pages: Page[] = [await signIn()];
    pages.push(await passSandbox(visitor, await visitor.open(at('/mail')), ADA));
    pages.push(await passSandbox(visitor, await visitor.open(at('/apis/todos')), ADA));
    const api = await visitor.fetch(at('/api/graph/me'));
    const seen = [
      ...pages.map((page) => `${page.url} ${page.text} ${JSON.stringify([...page.headers])}`),
      await api.text(),
      visitor.cookies(site.url),
      ...site.lines,
    ].join('\n');
    expect(seen).not.to.match(
      /eyJ[\w-]{10,}\.[\w-]+\.|"refresh_token"|sandbox-only-secret|[?&]code=/,
    );
  });

  it('signs in in two tabs at once, each ending where it began', async () => {
    const [first, second] = [await visitor.open(at('/profile')), await visitor.open(at('/?tab=2'))];
    expect(second.status).to.equal(200);
    const other = await visitor.open(at('/sign-in?returnTo=/apis/graph'));
    const one = await passSandbox(visitor, first, ADA);
    const two = await passSandbox(visitor, other, ADA);
    expect(one.url.pathname).to.equal('/profile');
    expect(two.url.pathname).to.equal('/apis/graph');
    expect((await visitor.open(at('/profile'))).status).to.equal(200);
  });

  it('who opens a used callback again goes home, as they are signed in already', async () => {
    const page = await signIn();
    const callback = page.trail.find((url) => url.pathname === '/signin-oidc') ?? '';
    const again = await visitor.open(callback);
    expect(again.url.href).to.equal(at('/'));
    const stranger = await new Visitor().open(callback);
    expect(stranger.status).to.equal(400);
    expect(stranger.text).to.include('/sign-in');
  });

  it('of a personal account, a guest’s home or another tenant signs in alike', async () => {
    for (const username of ['eve@personal.example', 'cleo@fabrikam.example']) {
      visitor = new Visitor();
      const page = await signIn('/profile', username);
      expect(page.status, username).to.equal(200);
      expect(page.text).to.include(username);
    }
  });
});
