/** Sign-out that the authority tells of: in a frame of its page, or itself with a signed token. */
import { hash } from 'node:crypto';
import { expect } from 'chai';
import { Unavailable } from '../../src/errors.ts';
import { ADA, aWeb, BOB, type Web } from './a-web.ts';
import type { Answer, Browser } from './browser.ts';

/** What a browser sends for a frame of another site: no cookie among it. */
const FRAME = {
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'iframe',
};
const MINUTE = 60_000;

describe('A sign-out that the authority tells of', () => {
  let web: Web;
  let browser: Browser;
  beforeEach(async () => {
    web = await aWeb();
    browser = web.aBrowser();
  });
  afterEach(() => web.close());

  const signInAs = (identity = ADA, from = browser) => {
    web.authority.identity = identity;
    return from.signIn();
  };
  const isSignedIn = async (from = browser) =>
    (await from.open('/', { 'sec-fetch-site': 'none' })).text.includes('Hello, ');
  const frame = (query: string): Promise<Answer> =>
    web.aBrowser().open(`/signout-oidc${query}`, FRAME);
  const auditLines = () =>
    web
      .log()
      .split('\n')
      .filter((line) => line.includes('"audit":true') && line.includes('"sign_out"'));

  describe('in a frame of its page', () => {
    it('ends the session of that sid, without any cookie, and with it the account', async () => {
      await signInAs(ADA);
      const answer = await frame('?sid=sid-1');
      expect(answer.status).to.equal(200);
      expect(answer.headers['cache-control']).to.equal('no-store');
      expect(answer.cookies).to.deep.equal([]);
      expect(await isSignedIn()).to.equal(false);
      expect(web.broker.accounts.size).to.equal(0);
      expect((await browser.open('/profile')).location).to.match(/^\/sign-in\?/);
      expect(auditLines()).to.have.length(1);
      expect(auditLines()[0]).to.include('"kind":"front_channel"').and.include(ADA.accountId);
    });

    it('ends every session of that sid and none of another', async () => {
      const [other, phone] = [web.aBrowser(), web.aBrowser()];
      await signInAs(ADA);
      await signInAs(ADA, other);
      await signInAs({ ...ADA, sid: 'sid-of-the-phone' }, phone);
      await frame('?sid=sid-1');
      expect(await isSignedIn()).to.equal(false);
      expect(await isSignedIn(other)).to.equal(false);
      expect(await isSignedIn(phone)).to.equal(true);
      expect(web.broker.accounts.size).to.equal(1);
    });

    it('ends the account of that sid, and not another of the same session', async () => {
      await signInAs(ADA);
      await signInAs({ ...BOB, sid: 'sid-of-bob' });
      await frame('?sid=sid-1');
      expect([...web.broker.accounts.keys()]).to.deep.equal([BOB.accountId]);
      expect(await isSignedIn()).to.equal(true);
      await frame('?sid=sid-of-bob');
      expect(await isSignedIn()).to.equal(false);
      expect((await browser.open('/')).text).not.to.include('Which account?');
    });

    it('finds a session whose id was renewed since', async () => {
      await signInAs(ADA);
      await signInAs({ ...BOB, sid: 'sid-of-bob' });
      await signInAs({ ...BOB, sid: 'sid-of-bob' });
      await frame('?sid=sid-1');
      expect([...web.broker.accounts.keys()]).to.deep.equal([BOB.accountId]);
    });

    it('finds every session of a sid, however often one of them was renewed', async () => {
      const other = web.aBrowser();
      await signInAs(ADA, other);
      for (let i = 0; i < 25; i += 1) await signInAs(ADA);
      await frame('?sid=sid-1');
      expect(await isSignedIn(other)).to.equal(false);
      expect(web.broker.accounts.size).to.equal(0);
    });

    it('is taken with the right issuer, and not with another', async () => {
      await signInAs(ADA);
      const wrong = encodeURIComponent('https://evil.test/v2.0');
      expect((await frame(`?sid=sid-1&iss=${wrong}`)).status).to.equal(200);
      expect(await isSignedIn()).to.equal(true);
      await frame(`?sid=sid-1&iss=${encodeURIComponent(ADA.issuer)}`);
      expect(await isSignedIn()).to.equal(false);
    });

    it('with another issuer than theirs ends no sign-in that is under way', async () => {
      await signInAs(ADA);
      const phone = web.aBrowser();
      const callback = await phone.begin();
      await frame(`?sid=sid-1&iss=${encodeURIComponent('https://evil.test/v2.0')}`);
      await phone.open(callback);
      expect(await isSignedIn(phone)).to.equal(true);
    });

    it('is remembered as a kind of its own, so that guesses push out no account that ended', async () => {
      await frame('?sid=guess');
      const read = web.storage.get(web.names.forRandomId('guess', 'ended-sid'));
      expect(await read).to.equal(String(web.clock.now));
    });

    it('may come twice, and for a sid that is not known, or with none', async () => {
      await signInAs(ADA);
      for (const query of ['?sid=sid-1', '?sid=sid-1', '?sid=unknown', '', '?sid=']) {
        expect((await frame(query)).status, query).to.equal(200);
      }
      expect(auditLines()).to.have.length(1);
      expect(web.log()).to.include('front_channel_without_sid');
    });

    it('is refused where it is not clear', async () => {
      await signInAs(ADA);
      for (const query of [
        '?sid=sid-1&sid=sid-2',
        '?sid=sid-1&iss=a&iss=b',
        `?sid=${'x'.repeat(300)}`,
        '?sid=a%00b',
        '?sid=a%20b',
      ]) {
        expect((await frame(query)).status, query).to.equal(400);
      }
      expect(await isSignedIn()).to.equal(true);
    });

    it('may be framed, and nothing else may', async () => {
      const { headers } = await frame('?sid=sid-1');
      expect(headers['content-security-policy']).to.equal("default-src 'none'; frame-ancestors *");
      expect(headers).not.to.have.property('x-frame-options');
      for (const path of [
        '/',
        '/sign-in',
        '/account',
        '/signout-callback-oidc',
        '/signout-oidcx',
      ]) {
        const other = await browser.open(path, FRAME);
        expect(other.headers['content-security-policy'], path).to.include("frame-ancestors 'none'");
        expect(other.headers['x-frame-options'], path).to.equal('DENY');
      }
    });

    it('asks the authority nothing, and is limited to 300 a minute for one network', async () => {
      await signInAs(ADA);
      const asked = web.authority.asked.length;
      const statuses: number[] = [];
      for (let i = 0; i < 301; i += 1) statuses.push((await frame(`?sid=guess-${i}`)).status);
      expect(statuses.slice(0, 300)).to.deep.equal(Array(300).fill(200));
      expect(statuses[300]).to.equal(429);
      expect(web.authority.asked).to.have.length(asked);
      expect(web.authority.redeemed).to.have.length(1);
      expect(await isSignedIn()).to.equal(true);
    });

    it('is not kept from ending a session by guesses that come from the same network', async () => {
      await signInAs(ADA);
      for (let i = 0; i < 301; i += 1) await frame(`?sid=guess-${i}`);
      expect((await frame('?sid=sid-1')).status).to.equal(200);
      expect(await isSignedIn()).to.equal(false);
    });

    it('is not claimed while the store is away, and can be sent again', async () => {
      await signInAs(ADA);
      web.store.isDown = true;
      expect((await frame('?sid=sid-1')).status).to.equal(503);
      web.store.isDown = false;
      expect(await isSignedIn()).to.equal(true);
      await frame('?sid=sid-1');
      expect(await isSignedIn()).to.equal(false);
    });

    it('is told of each session that it ended, though it was not done at once', async () => {
      await signInAs(ADA);
      await signInAs(ADA, web.aBrowser());
      let writes = 0;
      web.store.beforeReplace = async () => {
        writes += 1;
        if (writes === 2) throw web.store.failure;
      };
      expect((await frame('?sid=sid-1')).status).to.equal(503);
      expect(auditLines()).to.have.length(1);
      web.store.beforeReplace = async () => {};
      expect((await frame('?sid=sid-1')).status).to.equal(200);
      expect(auditLines()).to.have.length(2);
    });

    it('ends a sign-in of that sid that is under way, and no sign-in begun later', async () => {
      const callback = await browser.begin();
      web.clock.now += MINUTE;
      await frame('?sid=sid-1');
      const late = await browser.open(callback);
      expect(late.status).to.equal(400);
      expect(late.text).to.include('You were signed out while this sign-in was under way');
      expect(await isSignedIn()).to.equal(false);
      expect(web.broker.accounts.size).to.equal(0);
      web.clock.now += 1;
      await signInAs(ADA);
      expect(await isSignedIn()).to.equal(true);
    });

    it('ends a sign-in at whichever of its writes it comes', async () => {
      for (let write = 1; write < 10; write += 1) {
        await web.close();
        web = await aWeb();
        browser = web.aBrowser();
        const callback = await browser.begin();
        let writes = 0;
        web.store.beforeReplace = async () => {
          writes += 1;
          if (writes !== write) return;
          web.store.beforeReplace = async () => {};
          await frame('?sid=sid-1');
        };
        await browser.open(callback);
        web.store.beforeReplace = async () => {};
        const wasHeard = writes >= write;
        expect(await isSignedIn(), `before write ${write}`).to.equal(!wasHeard);
        if (!wasHeard) return;
      }
    });
  });

  describe('with a logout token', () => {
    const send = (body: string, type = 'application/x-www-form-urlencoded') =>
      web.aBrowser().send('/backchannel-logout', {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      });
    const token = (text: string, about: { sid?: string; accountId?: string }) => {
      web.authority.logoutTokens.set(text, {
        kind: 'valid',
        token: {
          ...{ issuer: ADA.issuer, id: text, expiresAt: web.clock.now + 2 * MINUTE },
          ...{ sid: about.sid, accountId: about.accountId, begunBy: web.clock.now + MINUTE },
        },
      });
      return `logout_token=${text}`;
    };

    it('ends the session of its sid', async () => {
      const phone = web.aBrowser();
      await signInAs(ADA);
      await signInAs({ ...ADA, sid: 'sid-of-the-phone' }, phone);
      const answer = await send(token('one', { sid: 'sid-1' }));
      expect(answer.status).to.equal(200);
      expect(answer.headers['cache-control']).to.equal('no-store');
      expect(await isSignedIn()).to.equal(false);
      expect(await isSignedIn(phone)).to.equal(true);
      expect(auditLines()[0]).to.include('"kind":"back_channel"');
    });

    it('ends all sessions of its subject where it names no sid', async () => {
      const phone = web.aBrowser();
      await signInAs(ADA);
      await signInAs({ ...ADA, sid: 'sid-of-the-phone' }, phone);
      await signInAs({ ...BOB, sid: 'sid-of-bob' });
      await send(token('one', { accountId: ADA.accountId }));
      expect(await isSignedIn(phone)).to.equal(false);
      expect([...web.broker.accounts.keys()]).to.deep.equal([BOB.accountId]);
    });

    it('of a subject alone takes the account out of the sessions that it shared', async () => {
      await signInAs(ADA);
      await signInAs({ ...BOB, sid: 'sid-of-bob' });
      const old = await browser.open('/account');
      expect(old.text).to.include('Bob Example').and.include('Ada Example');
      expect((await send(token('one', { accountId: ADA.accountId }))).status).to.equal(200);
      const page = (await browser.open('/account')).text;
      expect(page).to.include('Bob Example').and.not.include('Ada Example');
      expect(auditLines()).to.have.length(1);
    });

    it('of a subject alone ends no sign-in that is newer than it, however late it comes', async () => {
      const phone = web.aBrowser();
      await signInAs(ADA);
      const body = token('one', { accountId: ADA.accountId });
      web.clock.now += 2 * MINUTE;
      await signInAs({ ...ADA, sid: 'a-newer-sid' }, phone);
      expect((await send(body)).status).to.equal(200);
      expect(await isSignedIn()).to.equal(false);
      expect(await isSignedIn(phone)).to.equal(true);
    });

    it('ends nothing where its sid is another subject’s', async () => {
      await signInAs(ADA);
      expect((await send(token('one', { sid: 'sid-1', accountId: 'else' }))).status).to.equal(200);
      expect(await isSignedIn()).to.equal(true);
    });

    it('ends a sign-in that is under way in its sid, unless it is another subject’s', async () => {
      const [one, two] = [web.aBrowser(), web.aBrowser()];
      const [first, second] = [await one.begin(), await two.begin()];
      await send(token('one', { sid: 'sid-1', accountId: 'else' }));
      await one.open(first);
      expect(await isSignedIn(one)).to.equal(true);
      await send(token('two', { sid: 'sid-1', accountId: ADA.accountId }));
      expect((await two.open(second)).text).to.include('You were signed out while');
      expect(await isSignedIn(two)).to.equal(false);
    });

    it('serves once: a replay ends nothing, though the same sid has signed in again', async () => {
      await signInAs(ADA);
      const body = token('one', { sid: 'sid-1' });
      await send(body);
      web.clock.now += 1;
      await signInAs(ADA);
      const replay = await send(body);
      expect(replay.status).to.equal(400);
      expect(replay.json()).to.deep.equal({
        error: 'invalid_request',
        error_description: 'the logout token was used before',
      });
      expect(await isSignedIn()).to.equal(true);
    });

    it('that fails a check is refused with 400, and ends nothing', async () => {
      await signInAs(ADA);
      const body = token('one', { sid: 'sid-1' });
      web.authority.logoutTokens.set('bad', { kind: 'wrong', check: 'nonce' });
      for (const [what, type] of [
        ['logout_token=bad'],
        ['logout_token='],
        [''],
        [`${body}&${body}`],
        [body, 'application/json'],
        [body, 'text/plain'],
      ] as const) {
        const answer = await send(what, type);
        expect(answer.status, what).to.equal(400);
        expect(answer.json()).to.have.property('error', 'invalid_request');
      }
      expect(await isSignedIn()).to.equal(true);
    });

    it('that is refused is logged ten times a minute for one network, and a right one is heard', async () => {
      const lines = () => web.log().match(/"event":"logout_token_refused".*/g) ?? [];
      await signInAs(ADA);
      for (let i = 0; i < 30; i += 1) {
        const answer = await send('logout_token=guess');
        expect(answer.status).to.equal(400);
        expect(answer.json()).to.have.property('error', 'invalid_request');
      }
      expect(lines()).to.have.length(10);
      expect(lines().at(-1)).to.include('for a minute');
      expect((await send(token('one', { sid: 'sid-1' }))).status).to.equal(200);
      expect(await isSignedIn()).to.equal(false);
    });

    it('of a key that is not known yet is refused, and taken when it is', async () => {
      await signInAs(ADA);
      const cause = new Unavailable('The sign-in service has changed its keys.');
      web.authority.logoutTokens.set('one', { kind: 'unknown-key', cause });
      const answer = await send('logout_token=one');
      expect(answer.status).to.equal(400);
      expect(answer.json()).to.have.property('error', 'temporarily_unavailable');
      expect((await send(token('one', { sid: 'sid-1' }))).status).to.equal(200);
      expect(await isSignedIn()).to.equal(false);
    });

    it('is not used up while the store is away', async () => {
      await signInAs(ADA);
      const body = token('one', { sid: 'sid-1' });
      web.store.isDown = true;
      expect((await send(body)).status).to.equal(400);
      web.store.isDown = false;
      expect((await send(body)).status).to.equal(200);
      expect(await isSignedIn()).to.equal(false);
    });

    it('is taken of at most 32 kB, and by POST only', async () => {
      expect((await send(`logout_token=${'x'.repeat(40_000)}`)).status).to.equal(413);
      expect((await browser.open('/backchannel-logout')).status).to.be.oneOf([404, 405]);
    });
  });

  it('names sessions in the audit log by no more than the beginning of their hash', async () => {
    await signInAs(ADA);
    const name = hash('sha256', browser.jar.get('concierge') ?? '');
    await frame('?sid=sid-1');
    expect(auditLines()[0])
      .to.include(`"session":"${name.slice(0, 12)}"`)
      .and.not.include(name);
  });
});
