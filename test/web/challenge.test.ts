/** What is asked of the person: pages are led to the authority, scripts are told where to go. */
import { expect } from 'chai';
import { SignInRequired, Unavailable } from '../../src/errors.ts';
import { ADA, aWeb, needsConsent, type Web } from './a-web.ts';
import { FETCH, NAVIGATE } from './browser.ts';

const CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';

describe('A challenge', () => {
  let web: Web;
  beforeEach(async () => {
    web = await aWeb();
  });
  afterEach(() => web.close());

  it('leads a page to consent for exactly what is missing, and back with the query', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    const callback = await browser.begin('/mail?page=2');
    expect(web.authority.asked[1]).to.deep.include({
      scopes: ['Mail.Read'],
      loginHint: ADA.loginHint,
      claims: undefined,
    });
    expect(web.authority.asked[1]?.prompt).to.equal(undefined);
    web.apiClient.onJson = () => ({ value: [] });
    const end = await browser.open(callback);
    expect(end.location).to.equal('/mail?page=2');
    expect((await browser.open(end.location)).status).to.equal(200);
  });

  it('leads a page to a new sign-in when the refresh token is dead', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw new SignInRequired('refresh-token-dead');
    };
    await browser.begin('/profile');
    expect(web.authority.asked[1]).to.deep.include({
      scopes: ['User.Read'],
      loginHint: ADA.loginHint,
    });
  });

  it('that comes back unchanged ends on a page that says so', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    const end = await browser.signIn('/mail');
    const page = await browser.open(end.location);
    expect(page.status).to.equal(403);
    expect(page.text).to.include('That was not enough').and.include('Mail.Read');
    const retry = /href="(\/sign-in\?challenge=[^"]+)"/
      .exec(page.text)?.[1]
      ?.replaceAll('&amp;', '&');
    expect((await browser.open(retry ?? '')).status).to.equal(302);
    expect(web.authority.asked.at(-1)).to.deep.include({ scopes: ['Mail.Read'] });
  });

  it('is asked again when it is another one', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const errors = [
      needsConsent('Mail.Read'),
      new SignInRequired('interaction', { scopes: ['Mail.Read'], claims: CLAIMS }),
    ];
    web.apiClient.onJson = () => {
      throw errors[0];
    };
    const end = await browser.signIn('/mail');
    errors.shift();
    expect((await browser.open(end.location)).status).to.equal(302);
    expect(web.authority.asked.at(-1)).to.include({ claims: CLAIMS });
  });

  it('is no loop when its answer could not be used', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    const callback = await browser.begin('/mail');
    web.authority.fault.redeemCode = new Unavailable('The sign-in service is busy.');
    expect((await browser.open(callback)).status).to.equal(503);
    expect((await browser.open('/mail')).status).to.equal(302);
  });

  it('is no loop after a minute', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    const { cookies } = await browser.signIn('/mail');
    const line = cookies.find((each) => each.startsWith('concierge-answered=')) ?? '';
    const seconds = (Date.parse(/expires=([^;]+)/.exec(line)?.[1] ?? '') - Date.now()) / 1000;
    expect(seconds).to.be.within(50, 61);
  });

  it('is no loop when two tabs meet it at once', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    expect((await browser.open('/mail')).status).to.equal(302);
    expect((await browser.open('/mail')).status).to.equal(302);
  });

  it('answers a script 401 with what is missing and where to go', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const real = web.apiClient.stream;
    web.apiClient.stream = async () => {
      throw new SignInRequired('interaction', { scopes: ['Mail.Read'], claims: CLAIMS });
    };
    const answer = await browser.fetch('/api/graph/mail', {
      headers: { referer: 'http://localhost:4000/app?tab=1' },
    });
    expect(answer.status).to.equal(401);
    expect(answer.headers['content-type']).to.include('application/problem+json');
    const problem = answer.json();
    expect(problem).to.include.keys('type', 'title', 'status', 'detail', 'signInUrl', 'reference');
    expect(problem).to.deep.include({ status: 401, scopes: ['Mail.Read'], claims: CLAIMS });

    const url = new URL(String(problem['signInUrl']));
    expect(url.origin).to.equal('http://localhost:4000');
    const end = await browser.signIn(`${url.pathname}${url.search}`);
    expect(web.authority.asked[1]).to.deep.include({ scopes: ['Mail.Read'], claims: CLAIMS });
    expect(end.location).to.equal('/app?tab=1');
    web.apiClient.stream = real;
    expect((await browser.fetch('/api/graph/mail')).status).to.equal(200);
  });

  it('cannot be crafted, altered, kept for ever or used by another account', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.stream = async () => {
      throw needsConsent('Mail.ReadWrite');
    };
    const { signInUrl } = (await browser.fetch('/api/graph/me')).json();
    const sealed = new URL(String(signInUrl)).searchParams.get('challenge') ?? '';
    const lastScopes = async (challenge: string) => {
      await browser.open(`/sign-in?${new URLSearchParams({ challenge })}`);
      return web.authority.asked.at(-1)?.scopes;
    };
    expect(await lastScopes(sealed)).to.deep.equal(['Mail.ReadWrite']);
    const middle = Math.floor(sealed.length / 2);
    const other = sealed[middle] === 'A' ? 'B' : 'A';
    const altered = sealed.slice(0, middle) + other + sealed.slice(middle + 1);
    for (const each of [altered, 'x', '{"scopes":["Files.ReadWrite.All"]}']) {
      expect(await lastScopes(each), each).to.deep.equal(['User.Read']);
    }
    const stranger = web.aBrowser();
    web.authority.identity = { ...ADA, accountId: 'bob.tenant' };
    await stranger.signIn();
    await stranger.open(`/sign-in?${new URLSearchParams({ challenge: sealed })}`);
    expect(web.authority.asked.at(-1)?.scopes).to.deep.equal(['User.Read']);
    web.clock.now += 3_600_001 / 2;
    await browser.open('/');
    web.clock.now += 3_600_001 / 2;
    expect(await lastScopes(sealed)).to.deep.equal(['User.Read']);
  });

  describe('without a session', () => {
    const cases: [string, string, Record<string, string>, number][] = [
      ['a link', '/profile', NAVIGATE, 302],
      ['an old browser', '/profile', { accept: 'text/html,*/*;q=0.8' }, 302],
      ['curl', '/profile', { accept: '*/*' }, 302],
      ['a fetch', '/profile', FETCH, 401],
      ['a fetch that accepts pages', '/profile', { ...FETCH, accept: 'text/html' }, 401],
      [
        'an image',
        '/profile/photo',
        { ...FETCH, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
        401,
      ],
      ['an old script', '/profile', { accept: 'application/json' }, 401],
      [
        'a script that prefers JSON',
        '/profile',
        { accept: 'text/html;q=0.5, application/json' },
        401,
      ],
      ['XMLHttpRequest', '/profile', { accept: '*/*', 'x-requested-with': 'XMLHttpRequest' }, 401],
      ['a gateway call', '/api/graph/me', FETCH, 401],
      ['a gateway call of curl', '/api/graph/me', { accept: 'text/html' }, 401],
      ['the session of nobody', '/api/session', FETCH, 401],
    ];
    for (const [who, path, headers, status] of cases) {
      it(`answers ${who} with ${status}`, async () => {
        const answer = await web.aBrowser().send(path, { headers });
        expect(answer.status).to.equal(status);
        if (status === 302) expect(answer.location).to.match(/^\/sign-in\?returnTo=/);
        else {
          expect(answer.location).to.equal('');
          expect(answer.headers['content-type']).to.include('application/problem+json');
          expect(String(answer.json()['signInUrl'])).to.match(
            /^http:\/\/localhost:4000\/sign-in\?/,
          );
        }
      });
    }
  });
});
