/** Several accounts in one session: added, chosen, signed out, each by itself. */

import { hash } from 'node:crypto';
import { expect } from 'chai';
import { ADA, aWeb, BOB, type Web } from './a-web.ts';
import type { Browser } from './browser.ts';

const CLEO = {
  ...BOB,
  accountId: 'cleo.tenant',
  subject: 'cleo',
  name: 'Cleo',
  username: 'cleo@x',
};

describe('In one session', () => {
  let web: Web;
  let browser: Browser;
  beforeEach(async () => {
    web = await aWeb();
    browser = web.aBrowser();
  });
  afterEach(() => web.close());

  const signInAs = async (identity = ADA, from = browser) => {
    web.authority.identity = identity;
    return await from.signIn();
  };
  const post = (path: string, fields: Record<string, string> = {}, from = browser) =>
    from.send(path, {
      method: 'POST',
      headers: {
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'text/html',
      },
      body: new URLSearchParams(fields).toString(),
    });
  const choose = (account: string, from = browser) => post('/account/switch', { account }, from);
  const inUse = async (from = browser) =>
    /Hello, ([A-Z]\w+)/.exec((await from.open('/')).text)?.[1] ?? 'nobody';
  const sessionsOf = (id: string) => [...(web.broker.accounts.get(id)?.sessions ?? [])];
  const name = (from = browser) => hash('sha256', from.jar.get('concierge') ?? '');

  it('a second account joins the first, and both are tied to its new name alone', async () => {
    await signInAs(ADA);
    await signInAs(BOB);
    expect(await inUse()).to.equal('Bob');
    for (const { accountId } of [ADA, BOB]) {
      expect(sessionsOf(accountId)).to.deep.equal([name()]);
    }
    const page = (await browser.open('/account')).text;
    expect(page).to.include('Go on as Ada Example').and.include('Sign out Bob Example');
  });

  it('another account is chosen by a form, and only one that is there', async () => {
    await signInAs(ADA);
    await signInAs(BOB);
    const answer = await choose(ADA.accountId);
    expect(answer.status).to.equal(303);
    expect(answer.location).to.equal('/account?done=switched');
    expect(await inUse()).to.equal('Ada');
    await choose(CLEO.accountId);
    expect(await inUse()).to.equal('Ada');
    const stranger = web.aBrowser();
    await signInAs(CLEO, stranger);
    await choose(ADA.accountId, stranger);
    expect(await inUse(stranger)).to.equal('Cleo');
  });

  it('a choice is made against what is written at the same time, or it is not claimed', async () => {
    await signInAs(ADA);
    await signInAs(BOB);
    web.clock.now += 20 * 60_000;
    const tab = browser.copy();
    web.store.beforeReplace = async () => {
      web.store.beforeReplace = async () => {};
      await tab.open('/');
    };
    await choose(ADA.accountId);
    expect(await inUse()).to.equal('Ada');
    web.store.beforeReplace = async () => {
      throw web.store.failure;
    };
    expect((await choose(BOB.accountId)).status).to.equal(503);
    web.store.beforeReplace = async () => {};
    expect(await inUse()).to.equal('Ada');
  });

  it('the page that says so shows the account that was chosen, whatever an older copy says', async () => {
    await signInAs(ADA);
    await signInAs(BOB);
    const record = web.names.forHash(name(), 'session');
    const old = await web.storage.get(record);
    const { location } = await choose(ADA.accountId);
    web.store.stale.set(record, old);
    const page = (await browser.open(location)).text;
    expect(page).to.include('You have switched').and.include('Your account: </span>Ada');
  });

  it('none is chosen by another site', async () => {
    await signInAs(ADA);
    await signInAs(BOB);
    const answer = await browser.send('/account/switch', {
      method: 'POST',
      headers: {
        'sec-fetch-site': 'cross-site',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: `account=${ADA.accountId}`,
    });
    expect(answer.status).to.equal(403);
    expect(await inUse()).to.equal('Bob');
  });

  it('a page made for one account writes nothing once another was chosen', async () => {
    await signInAs(ADA);
    await signInAs(BOB);
    const { csrfToken } = (await browser.fetch('/api/session')).json();
    await choose(ADA.accountId);
    const { csrfToken: now } = (await browser.fetch('/api/session')).json();
    expect(now).to.be.a('string').and.not.equal(csrfToken);
    const write = (token: unknown) =>
      browser.fetch('/api/graph/notes', {
        method: 'POST',
        headers: { 'x-csrf-token': String(token), 'content-type': 'application/json' },
        body: '{}',
      });
    expect((await write(csrfToken)).status).to.equal(403);
    expect((await write(now)).status).to.equal(200);
    const form = await post('/account/sign-out-everywhere', { _csrf: String(csrfToken) });
    expect(form.status).to.equal(403);
    expect(form.text).to.include('made for another sign-in');
    expect(await inUse()).to.equal('Ada');
    expect((await post('/sign-out', { _csrf: String(csrfToken) })).status).to.equal(200);
    expect(await inUse()).to.equal('nobody');
  });

  it('a script’s write says by its token whom it is for, as soon as there are two', async () => {
    const write = (path: string, headers: Record<string, string> = {}) =>
      browser.fetch(path, { method: 'POST', headers, body: '{}' });
    await signInAs(ADA);
    expect((await write('/api/graph/notes')).status).to.equal(200);
    await signInAs(BOB);
    const calls = web.apiClient.calls.length;
    const refused = await write('/api/graph/notes');
    expect(refused.status).to.equal(403);
    expect(web.apiClient.calls).to.have.length(calls);
    expect(refused.json()['detail']).to.include('X-CSRF-Token').and.include('/api/session');
    const { csrfToken } = (await browser.fetch('/api/session')).json();
    const token = { 'x-csrf-token': String(csrfToken) };
    expect((await write('/api/graph/notes', token)).status).to.equal(200);
    expect((await browser.fetch('/api/graph/me')).status).to.equal(200);
    await signInAs(CLEO);
    await post('/sign-out', { account: CLEO.accountId });
    expect((await write('/api/graph/notes')).status).to.equal(401);
    await choose(BOB.accountId);
    await post('/sign-out', { account: ADA.accountId });
    expect((await write('/api/graph/notes')).status).to.equal(200);
  });

  it('one that ended elsewhere is not in use, and no other takes its place unasked', async () => {
    await signInAs(ADA);
    await signInAs(BOB);
    web.broker.accounts.delete(BOB.accountId);
    expect(await inUse()).to.equal('nobody');
    expect((await browser.open('/')).text)
      .to.include('Which account?')
      .and.include('Ada Example');
    expect((await browser.open('/profile')).status).to.equal(302);
    await choose(ADA.accountId);
    expect(await inUse()).to.equal('Ada');
    const gone = await choose(BOB.accountId);
    expect(gone.status).to.equal(401);
    expect(gone.text).to.include('href="/sign-in?');
    expect(await inUse()).to.equal('Ada');
  });

  it('one that ended elsewhere is left behind when another joins', async () => {
    await signInAs(ADA);
    web.broker.accounts.delete(ADA.accountId);
    await signInAs(BOB);
    const page = (await browser.open('/account')).text;
    expect(page).to.include('Bob Example').and.not.include('Ada Example');
  });

  it('one is signed out and the other stays, not in use before it is chosen', async () => {
    await signInAs(ADA);
    await signInAs(BOB);
    const answer = await post('/sign-out', { account: BOB.accountId });
    expect(answer.text).to.include('Bob Example is signed out');
    expect(answer.text).to.include('Still signed in here: Ada Example');
    expect(answer.text)
      .to.include('ended the session of this account')
      .and.include('sign out of that Microsoft account')
      .and.not.include('your session')
      .and.not.include('your Microsoft');
    expect(answer.headers['refresh']).to.include(`logout_hint=${BOB.loginHint}`);
    expect([...web.broker.accounts.keys()]).to.deep.equal([ADA.accountId]);
    expect(await inUse()).to.equal('nobody');
    await choose(BOB.accountId);
    expect(await inUse()).to.equal('nobody');
    await choose(ADA.accountId);
    expect(await inUse()).to.equal('Ada');
  });

  it('one that is not in use is signed out at the authority by its own hint', async () => {
    await signInAs(ADA);
    await signInAs(BOB);
    const answer = await post('/sign-out', { account: ADA.accountId });
    expect(answer.headers['refresh']).to.include(`logout_hint=${ADA.loginHint}`);
    expect(await inUse()).to.equal('Bob');
  });

  for (const [path, done] of Object.entries({
    '/account/sign-out-everywhere': 'is signed out everywhere',
    '/account/sessions/end': 'is signed out',
  })) {
    it(`one is signed out by ${path}, and is named beside those that are not`, async () => {
      await signInAs(ADA);
      await signInAs({ ...BOB, name: undefined });
      const answer = await post(path, { session: name() });
      expect(answer.text).to.include(`<h1>${BOB.username} ${done}</h1>`);
      expect(answer.text).to.include('Still signed in here: Ada Example');
    });
  }

  it('one that had gone already is not said to be the person who is still here', async () => {
    await signInAs(ADA);
    await signInAs(BOB);
    const answer = await post('/sign-out', { account: CLEO.accountId });
    expect(answer.text).to.include('<h1>This account is signed out</h1>');
    expect(await inUse()).to.equal('Bob');
  });

  it('all are signed out by a sign-out that names none', async () => {
    await signInAs(ADA);
    await signInAs(BOB);
    const old = browser.copy();
    await browser.signOut();
    expect(web.broker.accounts.size).to.equal(0);
    expect(browser.jar.has('concierge')).to.equal(false);
    for (const { accountId } of [ADA, BOB]) await choose(accountId, old);
    expect(await inUse(old)).to.equal('nobody');
  });

  const ends: Record<string, (tab: Browser) => Promise<boolean>> = {
    'a sign-out': async (tab) => {
      await tab.signOut();
      return true;
    },
    'a sign-out at the authority': async () => {
      await web.aBrowser().open('/signout-oidc?sid=sid-1');
      return true;
    },
  };
  for (const [how, end] of Object.entries(ends)) {
    it(`${how} of one is not undone by another that joins, at whichever of its writes it comes`, async () => {
      for (let write = 1; write < 10; write += 1) {
        await web.close();
        web = await aWeb();
        browser = web.aBrowser();
        await signInAs(ADA);
        web.authority.identity = { ...BOB, sid: 'sid-of-bob' };
        const callback = await browser.begin();
        const tab = browser.copy();
        let writes = 0;
        let wasEnded = false;
        web.authority.onRedeem = async () => {
          web.store.beforeReplace = async () => {
            writes += 1;
            if (writes !== write) return;
            web.store.beforeReplace = async () => {};
            wasEnded = await end(tab);
          };
        };
        await browser.open(callback);
        web.store.beforeReplace = async () => {};
        await choose(ADA.accountId);
        expect((await inUse()) === 'Ada', `before write ${write}`).to.equal(!wasEnded);
        if (writes < write) return;
      }
    });
  }

  for (const [who, identity] of Object.entries({ 'a third': CLEO, 'one not in use': ADA })) {
    it(`a sign-out of all holds against ${who} that is just signing in`, async () => {
      await signInAs(ADA);
      await signInAs(BOB);
      web.authority.identity = identity;
      const callback = await browser.begin();
      const tab = browser.copy();
      web.authority.onRedeem = async () => {
        await tab.signOut();
      };
      expect((await browser.open(callback)).text).to.include('You were signed out while');
      expect(web.broker.accounts.size).to.equal(0);
      expect(await inUse()).to.equal('nobody');
    });
  }

  it('a session that none could join is found by the authority’s sign-out still', async () => {
    for (let write = 1; write < 10; write += 1) {
      await web.close();
      web = await aWeb();
      browser = web.aBrowser();
      await signInAs(ADA);
      web.authority.identity = { ...BOB, sid: 'sid-of-bob' };
      const callback = await browser.begin();
      let writes = 0;
      web.authority.onRedeem = async () => {
        web.store.beforeReplace = async () => {
          writes += 1;
          if (writes >= write) throw web.store.failure;
        };
      };
      const { status } = await browser.open(callback);
      web.store.beforeReplace = async () => {};
      if (status === 303) return;
      expect(await inUse(), `before write ${write}`).to.equal('Ada');
      await web.aBrowser().open('/signout-oidc?sid=sid-1');
      expect(await inUse(), `before write ${write}`).to.equal('nobody');
    }
  });

  describe('there are five accounts at most, and at a sixth', () => {
    const people = Array.from({ length: 6 }, (_, i) => ({
      ...{ ...ADA, accountId: `person-${i}.tenant`, subject: `subject-${i}` },
      ...{ name: `Person${i}`, sid: `sid-${i}` },
    }));
    const idsOf = (some: typeof people) => some.map(({ accountId }) => accountId);
    const pushedOut = () =>
      [...web.log().matchAll(/"audit":true,"event":"session_pushed_out",.*/g)].map(String);

    it('the one that came first makes room: its tokens go, and it is said', async () => {
      for (const person of people.slice(0, 5)) await signInAs(person);
      const before = name();
      expect(pushedOut()).to.deep.equal([]);
      await signInAs(people[5]);
      expect([...web.broker.accounts.keys()]).to.deep.equal(idsOf(people.slice(1)));
      expect(await inUse()).to.equal('Person5');
      const [line, ...others] = pushedOut();
      expect(others).to.deep.equal([]);
      expect(line)
        .to.include('"account":"person-0.tenant"')
        .and.include(`"session":"${before.slice(0, 12)}"`)
        .and.not.include(before);
    });

    it('the one that came first stays signed in where it is elsewhere', async () => {
      const phone = web.aBrowser();
      await signInAs(people[0], phone);
      for (const person of people) await signInAs(person);
      expect(await inUse(phone)).to.equal('Person0');
      expect(sessionsOf('person-0.tenant')).to.deep.equal([name(phone)]);
    });

    it('one that has ended elsewhere makes room before any other, without a word', async () => {
      for (const person of people.slice(0, 5)) await signInAs(person);
      web.broker.accounts.delete('person-2.tenant');
      await signInAs(people[5]);
      const left = people.filter((_, i) => i !== 2);
      expect([...web.broker.accounts.keys()]).to.deep.equal(idsOf(left));
      expect(pushedOut()).to.deep.equal([]);
      const page = (await browser.open('/account')).text;
      for (const person of left) expect(page).to.include(person.name);
    });

    it('nobody makes room for a sign-in that fails', async () => {
      for (const person of people.slice(0, 5)) await signInAs(person);
      web.authority.identity = people[5] ?? ADA;
      const callback = await browser.begin();
      web.authority.onRedeem = async () => {
        web.store.beforeReplace = async () => {
          throw web.store.failure;
        };
      };
      expect((await browser.open(callback)).status).to.equal(503);
      web.store.beforeReplace = async () => {};
      expect([...web.broker.accounts.keys()]).to.deep.equal(idsOf(people.slice(0, 5)));
      expect(pushedOut()).to.deep.equal([]);
    });
  });

  it('two tabs sign in as two people: both are there, and the one that came last is in use', async () => {
    const [one, two] = [await browser.begin(), await browser.begin()];
    web.authority.identity = ADA;
    await browser.open(one);
    web.authority.identity = BOB;
    await browser.open(two);
    expect(await inUse()).to.equal('Bob');
    await choose(ADA.accountId);
    expect(await inUse()).to.equal('Ada');
  });

  it('two tabs that come back at the same moment leave one session that holds one of the two', async () => {
    const [one, two] = [await browser.begin(), await browser.begin()];
    const [first, second] = [browser.copy(), browser.copy()];
    web.authority.identity = ADA;
    await Promise.all([
      first.open(one),
      (async () => {
        web.authority.identity = BOB;
        await second.open(two);
      })(),
    ]);
    const seen = await Promise.all([inUse(first), inUse(second)]);
    expect(seen).not.to.include('nobody');
  });

  it('an account that signs in again is one account still', async () => {
    await signInAs(ADA);
    await signInAs(BOB);
    await signInAs(ADA);
    expect(await inUse()).to.equal('Ada');
    for (const { accountId } of [ADA, BOB]) {
      expect(sessionsOf(accountId)).to.deep.equal([name()]);
    }
    const page = (await browser.open('/account')).text;
    expect(page.match(/name="account" value="ada.tenant"/g)).to.have.length(1);
  });
});
