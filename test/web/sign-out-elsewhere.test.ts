/** Signing out sessions that are elsewhere: one of them, or every one. */
import { hash } from 'node:crypto';
import { expect } from 'chai';
import { ApiFailed, SignInRequired, Unavailable } from '../../src/errors.ts';
import { ADA, anAnswer, aWeb, BOB, type Web } from './a-web.ts';
import type { Browser } from './browser.ts';

const HOUR = 3_600_000;

describe('A person with several browsers', () => {
  let web: Web;
  let laptop: Browser;
  let phone: Browser;
  const start = async (choices: Parameters<typeof aWeb>[0] = {}) => {
    web = await aWeb(choices);
    [laptop, phone] = [web.aBrowser(), web.aBrowser()];
    await laptop.signIn();
    await phone.signIn();
  };
  beforeEach(() => start());
  afterEach(() => web.close());

  const post = (path: string, fields: Record<string, string> = {}, from = laptop) =>
    from.send(path, {
      method: 'POST',
      headers: {
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'text/html',
      },
      body: new URLSearchParams(fields).toString(),
    });
  const isSignedIn = async (from: Browser) => (await from.open('/')).text.includes('Hello, Ada');
  const nameOf = (from: Browser) => hash('sha256', from.jar.get('concierge') ?? '');
  const kinds = () =>
    [...web.log().matchAll(/"audit":true,"event":"sign_out","kind":"(\w+)"/g)].map(
      ([, kind]) => kind,
    );

  describe('who signs out one session', () => {
    const end = (session: string, from = laptop) =>
      post('/account/sessions/end', { session }, from);

    it('ends the other one and keeps their own', async () => {
      const answer = await end(nameOf(phone));
      expect(answer.location).to.equal('/account?done=session-ended');
      expect(await isSignedIn(phone)).to.equal(false);
      expect(await isSignedIn(laptop)).to.equal(true);
      expect(web.broker.accounts.size).to.equal(1);
      expect(kinds()).to.deep.equal(['session_ended_from_account_page']);
      expect((await end(nameOf(phone))).location).to.equal('/account?done=session-gone');
    });

    it('ends their own as the button in the header does', async () => {
      const answer = await end(nameOf(laptop));
      expect(answer.text).to.include('You are signed out');
      expect(answer.headers['refresh']).to.include(`logout_hint=${ADA.loginHint}`);
      expect(laptop.jar.has('concierge')).to.equal(false);
      expect(await isSignedIn(phone)).to.equal(true);
    });

    it('ends nobody else’s, though they knew its name', async () => {
      const other = web.aBrowser();
      web.authority.identity = BOB;
      await other.signIn();
      for (const name of [nameOf(other), '', 'x', nameOf(laptop).slice(0, 12)]) {
        expect((await end(name)).location, name).to.equal('/account?done=session-gone');
      }
      expect((await other.open('/')).text).to.include('Hello, Bob');
    });

    it('leaves the other account of that session signed in', async () => {
      web.authority.identity = { ...BOB, sid: 'sid-of-bob' };
      await phone.signIn();
      await end(nameOf(phone));
      expect([...web.broker.accounts.keys()]).to.deep.equal([ADA.accountId, BOB.accountId]);
      expect((await phone.open('/')).text).to.include('Hello, Bob');
      expect((await phone.open('/account')).text).not.to.include('Ada Example');
    });
  });

  describe('who signs out everywhere', () => {
    const everywhere = (from = laptop) => post('/account/sign-out-everywhere', {}, from);

    it('ends every session, and leads on to the authority', async () => {
      const old = laptop.copy();
      const answer = await everywhere();
      expect(answer.text).to.include('You are signed out everywhere');
      expect(answer.headers['refresh']).to.include(`logout_hint=${ADA.loginHint}`);
      expect(web.broker.accounts.size).to.equal(0);
      for (const browser of [laptop, old, phone]) expect(await isSignedIn(browser)).to.equal(false);
      expect(kinds()).to.deep.equal(['everywhere']);
      await laptop.signIn();
      expect(await isSignedIn(laptop)).to.equal(true);
      for (const browser of [old, phone]) expect(await isSignedIn(browser)).to.equal(false);
    });

    it('keeps the other account of the session', async () => {
      web.authority.identity = { ...BOB, sid: 'sid-of-bob' };
      await laptop.signIn();
      await everywhere();
      expect([...web.broker.accounts.keys()]).to.deep.equal([ADA.accountId]);
      expect((await laptop.open('/')).text)
        .to.include('Which account?')
        .and.include('Ada');
      expect(await isSignedIn(phone)).to.equal(true);
    });

    it('is told when it is not known to be done, and still signed in', async () => {
      web.store.isDown = true;
      expect((await everywhere()).status).to.equal(503);
      web.store.isDown = false;
      expect(await isSignedIn(laptop)).to.equal(true);
    });

    it('does not do so by a link or from another site', async () => {
      expect((await laptop.open('/account/sign-out-everywhere')).status).to.equal(405);
      const answer = await laptop.send('/account/sign-out-everywhere', {
        method: 'POST',
        headers: { 'sec-fetch-site': 'cross-site' },
      });
      expect(answer.status).to.equal(403);
      expect(await isSignedIn(phone)).to.equal(true);
    });

    it('does not ask Graph for anything unless it is set', async () => {
      await everywhere();
      expect(web.apiClient.calls).to.deep.equal([]);
    });
  });

  describe('where signing out everywhere ends the sessions at Microsoft too', () => {
    beforeEach(async () => {
      await web.close();
      await start({ session: { revokeSignInSessions: true } });
    });
    const everywhere = () => post('/account/sign-out-everywhere');

    it('it asks Graph first, with the scope for it', async () => {
      let accountsThen = 0;
      web.apiClient.onStream = () => {
        accountsThen = web.broker.accounts.size;
        return anAnswer('{"value":true}', 'application/json');
      };
      const answer = await everywhere();
      expect(answer.text).to.include('Microsoft was asked to end your sessions in other apps');
      const [call] = web.apiClient.calls;
      expect(call).to.include({ method: 'POST', path: '/me/revokeSignInSessions' });
      expect(call?.scopes).to.deep.equal(['User.RevokeSessions.All']);
      expect(accountsThen).to.equal(1);
      expect(web.broker.accounts.size).to.equal(0);
    });

    for (const [what, fault] of [
      ['is away', new Unavailable('Graph does not answer.')],
      ['refuses', new ApiFailed('Graph said 403.')],
      ['wants a consent', new SignInRequired('consent', { scopes: ['User.RevokeSessions.All'] })],
    ] as const) {
      it(`they end here all the same when Graph ${what}, and the person is told`, async () => {
        web.apiClient.onStream = () => {
          throw fault;
        };
        const answer = await everywhere();
        expect(answer.status).to.equal(200);
        expect(answer.text).to.include('could not be ended from here');
        expect(web.broker.accounts.size).to.equal(0);
        expect(await isSignedIn(phone)).to.equal(false);
        expect(web.log()).to.include('revoke_sign_in_sessions_failed');
      });
    }

    it('they end here all the same when Graph answers 500', async () => {
      web.apiClient.onStream = () => anAnswer('{}', 'application/json', { status: 500 });
      expect((await everywhere()).text).to.include('could not be ended from here');
      expect(web.broker.accounts.size).to.equal(0);
    });
  });

  it('ends all by every sign-out, where that is set', async () => {
    await web.close();
    await start({ session: { signOutEverywhere: true } });
    await laptop.signOut();
    expect(web.broker.accounts.size).to.equal(0);
    expect(await isSignedIn(phone)).to.equal(false);
    expect(kinds()).to.deep.equal(['here']);
  });

  it('ends nothing by a session that was ended before, where all are to be ended', async () => {
    await web.close();
    await start({ session: { signOutEverywhere: true } });
    web.broker.accounts.clear();
    await phone.signIn();
    await laptop.signOut();
    expect(await isSignedIn(phone)).to.equal(true);
  });

  it('has sessions that end with their ID tokens, where that is set', async () => {
    await web.close();
    web = await aWeb({ session: { useTokenLifetime: true } });
    [laptop, phone] = [web.aBrowser(), web.aBrowser()];
    const at = web.clock.now;
    web.authority.claims = { exp: at / 1000 + 1800 };
    await laptop.signIn();
    expect(web.broker.kept.at(-1)?.sessionEndsAt).to.equal(at + HOUR / 2);
    web.authority.claims = { exp: at / 1000 + 100 * 3600 };
    await phone.signIn();
    expect(web.broker.kept.at(-1)?.sessionEndsAt).to.equal(at + 12 * HOUR);
    web.clock.now += HOUR / 2 - 1000;
    expect(await isSignedIn(laptop)).to.equal(true);
    web.clock.now += 1000;
    expect(await isSignedIn(laptop)).to.equal(false);
    expect(await isSignedIn(phone)).to.equal(true);
  });

  it('is signed in on one as long as ever when another signs in', async () => {
    web.clock.now += HOUR / 2;
    await web.aBrowser().signIn();
    expect(await isSignedIn(phone)).to.equal(true);
    expect(await isSignedIn(laptop)).to.equal(true);
  });
});
