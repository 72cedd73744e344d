/** The account page: what is shown of an account to the person it is of, and what its buttons do. */
import { expect } from 'chai';
import type { TokenOverview } from '../../src/broker/account-overview.ts';
import { Unavailable } from '../../src/errors.ts';
import { sessionName } from '../../src/web/session.ts';
import { ADA, aWeb, BOB, needsConsent, type Web } from './a-web.ts';
import type { Answer, Browser } from './browser.ts';

const SITE = 'http://localhost:4000';
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';
const NOW = Date.parse('2026-11-21T09:00:00Z');
const MINUTE = 60_000;
const EVIL = `<img src=x onerror=alert(1)>"'`;

const aToken = (token: Partial<TokenOverview>): TokenOverview => ({
  id: 'id-of-token',
  tenantId: undefined,
  resource: '',
  granted: ['user.read'],
  asked: ['user.read'],
  gotAt: NOW - 30 * MINUTE,
  refreshAt: NOW + 5 * MINUTE,
  expiresAt: NOW + 30 * MINUTE,
  ...token,
});
const TODOS = aToken({
  id: 'id-of-todos',
  resource: 'api://todos',
  granted: ['todos.read'],
  asked: ['todos.read'],
});

async function signIn(browser: Browser, userAgent: string): Promise<void> {
  const headers = { 'sec-fetch-site': 'cross-site', 'user-agent': userAgent };
  await browser.open(await browser.begin(), headers);
}

function nameOf(browser: Browser): string {
  return sessionName(browser.jar.get('concierge') ?? expect.fail('there is no session'));
}

describe('The account page', () => {
  let web: Web;
  let browser: Browser;
  beforeEach(async () => {
    web = await aWeb();
    browser = web.aBrowser();
    await signIn(browser, FIREFOX);
  });
  afterEach(() => web.close());

  const show = async (by = browser) => (await by.open('/account')).text;

  it('is for people who are signed in', async () => {
    const { location } = await web.aBrowser().open('/account');
    expect(location).to.equal('/sign-in?returnTo=%2Faccount');
    await web.broker.revoke(ADA.accountId);
    expect((await browser.open('/account')).location).to.include('/sign-in');
  });

  it('is where the name in the header of every page leads', async () => {
    for (const path of ['/', '/account', '/nowhere']) {
      expect((await browser.open(path)).text).to.match(/<a class="name" href="\/account"/);
    }
    expect((await web.aBrowser().open('/')).text).not.to.include('/account');
  });

  it('says who is signed in, of which tenant, and since when', async () => {
    web.clock.now += 45 * MINUTE;
    const text = await show();
    expect(text).to.include('Ada Example').and.include('ada@contoso.example');
    expect(text).to.include('<code>tenant</code>');
    expect(text).to.include('<dd><time datetime="2026-11-21T09:00:00.000Z">21 Nov 2026, 09:00 UTC');
  });

  it('may want a step-up first, and says so when that was not enough', async () => {
    await web.close();
    web = await aWeb({ session: { accountContext: 'c1' } });
    browser = web.aBrowser();
    await browser.signIn();
    const path = await browser.begin('/account');
    expect(web.authority.asked.at(-1)?.claims).to.include('"acrs"').and.include('"c1"');
    const end = await browser.open(path);
    const refused = await browser.open(end.location);
    expect(refused.status).to.equal(403);
    expect(refused.text)
      .to.include('That was not enough')
      .and.not.include('Where you are signed in');
    web.authority.claims = { acrs: ['c1'] };
    await browser.signIn();
    expect((await browser.open('/account')).status).to.equal(200);
  });

  it('says which roles the site gave', async () => {
    expect(await show()).not.to.include('Roles here');
    await web.close();
    web = await aWeb({ hooks: { onSignIn: () => ({ roles: ['Editor', EVIL] }) } });
    browser = web.aBrowser();
    await signIn(browser, FIREFOX);
    expect(await show()).to.include('<dd>Editor, &lt;img src=x');
  });

  it('is made for this request alone and kept nowhere', async () => {
    expect((await browser.open('/account')).headers['cache-control']).to.equal('no-store');
  });

  it('has no script, no inline style, and a name for each button', async () => {
    web.broker.overviews.set(ADA.accountId, { tokens: [aToken({}), TODOS] });
    const text = await show();
    expect(text).not.to.match(/<script|style=|<style|\son\w+=/);
    const labels = [...text.matchAll(/<button[^>]*?(?: aria-label="([^"]+)")?>([^<]+)</g)].map(
      ([, label, words]) => label ?? words,
    );
    expect(new Set(labels).size).to.equal(labels.length);
    expect(labels).to.include.members([
      'Refresh now: Graph, User.Read',
      'Remove: Todos, api://todos/Todos.Read',
      'Sign out everywhere',
    ]);
  });

  it('stays a page when the store is away, and nobody is signed out', async () => {
    web.store.isDown = true;
    expect((await browser.open('/account')).status).to.equal(503);
    web.store.isDown = false;
    expect(await show()).to.include('Your account');
  });

  describe('shows of sessions', () => {
    it('browser and system, since when and when last seen, this one first', async () => {
      const phone = web.aBrowser();
      web.clock.now += 10 * MINUTE;
      await signIn(phone, IPHONE);
      const text = await show();
      expect(text).to.match(
        /Firefox on Windows <span class="badge">this one[\s\S]+Safari on iPhone/,
      );
      expect(text.match(/this one/g)).to.have.length(1);
      expect(text).to.match(/Safari on iPhone[\s\S]+Signed in .*09:10 UTC<\/time>, last seen/);
      expect(await show(phone)).to.match(/Safari on iPhone <span class="badge">this one/);
      for (const each of [browser, phone]) expect(text).to.include(`value="${nameOf(each)}"`);
      expect(text).to.include('action="/account/sessions/end"');
    });

    it('neither those that are over nor those of anyone else', async () => {
      const bobs = web.aBrowser();
      web.authority.identity = BOB;
      await signIn(bobs, IPHONE);
      const names = [nameOf(browser), nameOf(bobs), sessionName('gone')];
      const sessions = names.map((name) => ({ name, endsAt: NOW + MINUTE }));
      web.broker.overviews.set(ADA.accountId, { sessions });
      const text = await show();
      expect(text).to.include('Firefox on Windows').and.not.include('Safari on iPhone');
      for (const name of names.slice(1)) expect(text).not.to.include(name);
    });

    it('a browser that says nothing of itself', async () => {
      const silent = web.aBrowser();
      await silent.signIn();
      expect(await show(silent)).to.include('An unknown browser');
    });
  });

  describe('shows of tokens', () => {
    it('which API they open, for what, until when and how fresh they are', async () => {
      const tokens = [
        aToken({ id: 'a', granted: ['user.read', 'mail.read'] }),
        aToken({ ...TODOS, refreshAt: NOW - 1 }),
        aToken({ id: 'c', resource: 'api://other', tenantId: 'guest-tenant', expiresAt: NOW }),
      ];
      web.broker.overviews.set(ADA.accountId, { tokens });
      const [, held = ''] = (await show()).split('What this site holds for you');
      const [graph = '', todos = '', other = ''] = held.split('<li class="item">').slice(1);
      expect(graph).to.match(/<h3>Graph +<span class="badge soft">fresh/);
      expect(graph).to.include('read your mail <code>Mail.Read</code>');
      expect(graph).to.include('Got for <code>User.Read</code>');
      expect(graph).to.match(
        /Got <time[^>]+>21 Nov 2026, 08:30 UTC<.time>, expires <time[^>]+>.+09:30/,
      );
      expect(todos).to.match(/<h3>Todos +<span class="badge soft">due/);
      expect(todos).to.include('<code>api://todos/Todos.Read</code>').and.not.include('Got for');
      expect(other).to.include('api://other <small>of the tenant guest-tenant</small>');
      expect(other).to.include('<span class="badge">expired').and.include('expired <time');
    });

    it('whether they can be renewed without the person', async () => {
      web.broker.overviews.set(ADA.accountId, { tokens: [TODOS] });
      expect(await show()).to.include('renewed when a page needs it');
      web.broker.overviews.set(ADA.accountId, { tokens: [TODOS], refreshToken: 'dead' });
      expect(await show()).to.include('cannot be renewed without you');
    });

    it('that there are none', async () => {
      expect(await show())
        .to.include('No tokens.')
        .and.include('Nothing that is in use here.');
    });
  });

  it('shows what was allowed, all together, and what was refused', async () => {
    web.broker.overviews.set(ADA.accountId, {
      tokens: [
        aToken({ id: 'a', granted: ['user.read'], asked: ['user.read', 'people.read'] }),
        aToken({ id: 'b', granted: ['user.read', 'mail.read'], asked: ['mail.read'] }),
        aToken({ ...TODOS, asked: ['.default'] }),
      ],
      refusals: [
        { reason: 'consent', tenantId: undefined, resource: '', asked: ['files.read'] },
        { reason: 'consent', tenantId: undefined, resource: 'api://new', asked: ['some.thing'] },
      ],
    });
    const [, allowed = ''] = (await show()).split('What you have allowed');
    const [graph = '', todos = '', added = ''] = allowed.split('<li class="item">').slice(1);
    const [granted = '', refused = ''] = graph.split('Asked for, and not given');
    expect(granted).to.include('User.Read').and.include('read your mail <code>Mail.Read');
    expect(granted.match(/User\.Read/g)).to.have.length(1);
    expect(refused).to.include('see the people you work with').and.include('read your files');
    expect(refused).not.to.match(/User\.Read|Mail\.Read/);
    expect(todos).to.include('Todos.Read').and.not.include('not given');
    expect(added).to.match(/api:\/\/new[\s\S]+not given[\s\S]+api:\/\/new\/some\.thing/);
  });

  it('leads to where consent is taken back, where there is such a place', async () => {
    expect(await show()).not.to.include('myapps.microsoft.com');
    await web.close();
    const instance = new URL('https://login.test/');
    web = await aWeb({ authority: { kind: 'entra', instance, tenantId: 'common' } });
    browser = web.aBrowser();
    await signIn(browser, FIREFOX);
    web.broker.overviews.set(ADA.accountId, { tokens: [aToken({})] });
    expect(await show()).to.include('href="https://myapps.microsoft.com" rel="noreferrer"');
  });

  for (const host of [
    'contoso.ciamlogin.com',
    'login.contoso.example',
    'login.microsoftonline.us',
  ]) {
    it(`leads nobody of ${host} to a page of another cloud`, async () => {
      await web.close();
      const instance = new URL(`https://${host}/`);
      web = await aWeb({ authority: { kind: 'entra', instance, tenantId: 'contoso.example' } });
      browser = web.aBrowser();
      await signIn(browser, FIREFOX);
      web.broker.overviews.set(ADA.accountId, { tokens: [aToken({})] });
      expect(await show()).not.to.include('myapps');
    });
  }

  it('holds no token, epoch or session id, and no name of another person’s session', async () => {
    const bobs = web.aBrowser();
    web.authority.identity = BOB;
    await signIn(bobs, IPHONE);
    web.broker.overviews.set(ADA.accountId, { tokens: [aToken({}), TODOS] });
    web.broker.overviews.set(BOB.accountId, { tokens: [aToken({ id: 'id-of-bobs-token' })] });
    for (const path of ['/account', '/account?done=refreshed']) {
      const { text } = await browser.open(path);
      expect(text).not.to.match(/SECRET|epoch-|id-of-bobs-token|Bob|bob/);
      expect(text).not.to.include(browser.jar.get('concierge') ?? '?');
      expect(text)
        .not.to.include(nameOf(bobs))
        .and.not.include(bobs.jar.get('concierge') ?? '?');
    }
  });

  it('escapes every text that comes from elsewhere', async () => {
    const victim = web.aBrowser();
    web.authority.identity = { ...ADA, name: EVIL, username: EVIL, tenantId: EVIL };
    await signIn(victim, `${EVIL}/1.0 (Windows NT 10.0)`);
    const evil = { resource: EVIL, tenantId: EVIL, granted: [EVIL], asked: [EVIL, 'b'] };
    web.broker.overviews.set(ADA.accountId, {
      tokens: [aToken({ ...evil, id: EVIL })],
      refusals: [{ ...evil, reason: 'consent' }],
    });
    const { text } = await victim.open(`/account?done=${encodeURIComponent(EVIL)}`);
    expect(text).to.include('&lt;img src=x').and.include('An unknown browser on Windows');
    expect(text).not.to.match(/<img src=x|"'/);
  });

  it('says what was done in words of its own, and nothing that an address says', async () => {
    const notice = async (done: string) =>
      /role="status">([^<]*)</.exec((await browser.open(`/account?done=${done}`)).text)?.[1];
    expect(await notice('refreshed')).to.equal('The token is fresh.');
    expect(await notice('removed')).to.equal('The token is removed.');
    for (const other of ['', 'You+have+won', '__proto__', 'constructor', 'Refreshed']) {
      expect(await notice(other), other).to.equal(undefined);
    }
  });

  describe('has a button', () => {
    const form = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'text/html',
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    const press = (what: 'refresh' | 'remove', token: string, headers = {}): Promise<Answer> => {
      const body = new URLSearchParams({ token }).toString();
      return browser.send(`/account/tokens/${what}`, {
        ...{ method: 'POST', headers: { ...form, ...headers }, body },
      });
    };

    beforeEach(() => {
      web.broker.overviews.set(ADA.accountId, { tokens: [aToken({ tenantId: 'guest' }), TODOS] });
      web.broker.overviews.set(BOB.accountId, { tokens: [aToken({ id: 'id-of-bobs-token' })] });
    });

    it('that renews one token, with the scopes it was asked with', async () => {
      const answer = await press('refresh', 'id-of-todos');
      expect([answer.status, answer.location]).to.deep.equal([303, '/account?done=refreshed']);
      await press('refresh', 'id-of-token');
      expect(web.broker.asked).to.deep.equal([
        {
          account: ADA.accountId,
          request: { scopes: ['api://todos/Todos.Read'], tenantId: undefined, forceRefresh: true },
        },
        {
          account: ADA.accountId,
          request: { scopes: ['User.Read'], tenantId: 'guest', forceRefresh: true },
        },
      ]);
      expect(answer.text).not.to.include('SECRET');
    });

    it('that removes one token', async () => {
      const answer = await press('remove', 'id-of-todos');
      expect([answer.status, answer.location]).to.deep.equal([303, '/account?done=removed']);
      expect(web.broker.removed).to.deep.equal([{ account: ADA.accountId, token: 'id-of-todos' }]);
      expect(web.broker.asked).to.deep.equal([]);
      expect(web.log()).to.match(
        /"audit":true,"event":"tokens_removed","resource":"api:\/\/todos","account":"ada\.tenant"/,
      );
    });

    for (const what of ['refresh', 'remove'] as const) {
      it(`to ${what}, which does nothing for a token that is not the account’s own`, async () => {
        for (const token of ['id-of-bobs-token', '', '__proto__', EVIL, 'x'.repeat(5000)]) {
          const answer = await press(what, token);
          expect([answer.status, answer.location]).to.deep.equal([303, '/account?done=token-gone']);
        }
        const headers = { 'content-type': 'application/json' };
        expect((await press(what, 'id-of-todos', headers)).location).to.include('token-gone');
        expect([...web.broker.asked, ...web.broker.removed]).to.deep.equal([]);
      });

      it(`to ${what}, for pages of this site and people signed in alone`, async () => {
        for (const site of ['cross-site', 'same-site', 'none']) {
          expect((await press(what, 'id-of-todos', { 'sec-fetch-site': site })).status).to.equal(
            403,
          );
        }
        const path = `/account/tokens/${what}`;
        expect((await browser.open(path)).status).to.equal(405);
        const body = 'token=id-of-todos';
        const sending = { method: 'POST', headers: form, body };
        expect((await web.aBrowser().send(path, sending)).status).to.equal(401);
        expect([...web.broker.asked, ...web.broker.removed]).to.deep.equal([]);
      });

      it(`to ${what}, which an old browser’s form works, too`, async () => {
        const csrf = /name="_csrf" value="([^"]+)"/.exec(await show())?.[1] ?? '';
        const post = (fields: Record<string, string>) => {
          const { 'content-type': type, accept } = form;
          const headers = { 'content-type': type, accept, origin: SITE };
          const body = new URLSearchParams(fields).toString();
          return browser.send(`/account/tokens/${what}`, { method: 'POST', headers, body });
        };
        expect((await post({ token: 'id-of-todos', _csrf: 'wrong' })).status).to.equal(403);
        expect((await post({ token: 'id-of-todos' })).status).to.equal(403);
        expect([...web.broker.asked, ...web.broker.removed]).to.deep.equal([]);
        const { location } = await post({ token: 'id-of-todos', _csrf: csrf });
        expect(location).to.match(/done=(refreshed|removed)$/);
      });

      it(`to ${what}, whose form is of a few bytes`, async () => {
        expect((await press(what, 'x'.repeat(100_000))).status).to.equal(413);
      });

      it(`to ${what}, which fails as a page while the store is away, and loses nothing`, async () => {
        web.broker.fault = new Unavailable('The store does not answer.');
        expect((await press(what, 'id-of-todos')).status).to.equal(503);
        web.broker.fault = undefined;
        expect((await press(what, 'id-of-todos')).status).to.equal(303);
      });
    }

    it('that says so when the authority is away, and leads back', async () => {
      web.broker.tokenFault = new Unavailable('The sign-in service is away.', {
        retryAfterSeconds: 42,
      });
      const answer = await press('refresh', 'id-of-todos');
      expect(answer.status).to.equal(503);
      expect(answer.headers['retry-after']).to.equal('42');
      expect(answer.text).to.include('nobody was signed out');
      expect(answer.text).to.include('<a class="button" href="/account">Try again</a>');
      expect(await show()).to.include('Todos');
      expect(web.broker.removed).to.deep.equal([]);
    });

    it('that asks for a consent that is missing, and comes back to the page', async () => {
      web.broker.tokenFault = needsConsent('api://todos/Todos.Read');
      const answer = await press('refresh', 'id-of-todos');
      expect(answer.status).to.equal(401);
      const link = /href="(\/sign-in\?[^"]+)"/.exec(answer.text)?.[1]?.replaceAll('&amp;', '&');
      const callback = await browser.begin(link);
      expect(web.authority.asked.at(-1)?.scopes).to.deep.equal(['api://todos/Todos.Read']);
      const back = await browser.open(callback, { 'sec-fetch-site': 'cross-site' });
      expect(back.location).to.equal('/account');
    });
  });
});
