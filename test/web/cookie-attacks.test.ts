/** Attacks on the cookies: theft, fixation, tossing, login CSRF, and cookies in masses or of odd bytes; each with its verdict. */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { sessionName } from '../../src/web/session.ts';
import { ADA, aWeb, BOB, needsConsent, type Web } from './a-web.ts';
import type { Browser } from './browser.ts';

const HOUR = 3_600_000;
const SITE = 'https://site.example';
const SESSION = '__Host-concierge';
const TRANSACTION = '__Host-concierge-tx';

describe('An attack on the cookies', () => {
  let web: Web;
  /** The person's browser. */
  let victim: Browser;
  beforeEach(async () => {
    web = await aWeb({ publicUrl: SITE });
    victim = web.aBrowser();
  });
  afterEach(() => web.close());

  const signIn = (by = victim, identity = ADA) => {
    web.authority.identity = identity;
    return by.signIn();
  };
  const idOf = (by = victim) => by.jar.get(SESSION) ?? expect.fail('there is no session');
  /** Whom a `Cookie` header is taken for. */
  const whoIs = async (cookie: string): Promise<string | undefined> => {
    const answer = await web.aBrowser().fetch('/api/session', { headers: { cookie } });
    if (answer.status !== 200) expect(answer.status, cookie.slice(0, 100)).to.equal(401);
    return /"name":"([^"]+)"/.exec(answer.text)?.[1];
  };
  const [ada, bob] = ['Ada Example', 'Bob Example'];
  const who = (by = victim) => whoIs(`${SESSION}=${idOf(by)}`);
  const press = (path: string, fields: Record<string, string>, by: Browser) =>
    by.send(path, {
      method: 'POST',
      headers: {
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams(fields).toString(),
    });
  const consent = async () => {
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    await victim.open(await victim.begin('/mail'), { 'sec-fetch-site': 'cross-site' });
  };

  describe('by theft: a stolen session cookie opens the session until', () => {
    const ends: Record<string, () => Promise<unknown>> = {
      'the person signs out': () => victim.signOut(),
      'the person signs in again': () => signIn(),
      'the person adds an account': () => signIn(victim, BOB),
      'the person consents or proves more at the authority': consent,
      'the person ends that session from another browser': async () => {
        const phone = web.aBrowser();
        await signIn(phone);
        await press('/account/sessions/end', { session: sessionName(idOf()) }, phone);
      },
      'the person signs out everywhere, in another browser': async () => {
        const phone = web.aBrowser();
        await signIn(phone);
        const answer = await press('/account/sign-out-everywhere', {}, phone);
        expect(answer.text).to.include('You are signed out everywhere');
      },
      'the person signs out at the authority': () =>
        web.aBrowser().open('/signout-oidc?sid=sid-1', { 'sec-fetch-dest': 'iframe' }),
      'the operator revokes the account': () => web.broker.revoke(ADA.accountId),
      'it was idle for an hour': async () => {
        web.clock.now += HOUR + 1;
      },
      'its absolute end, however much the thief uses it': async () => {
        const thief = victim.copy();
        for (let halfHours = 1; halfHours < 24; halfHours += 1) {
          web.clock.now += HOUR / 2;
          expect((await thief.open('/')).text).to.include('Hello, Ada');
        }
        web.clock.now += HOUR / 2 + 1;
      },
    };
    for (const [end, come] of Object.entries(ends)) {
      it(`${end}, and never after`, async () => {
        await signIn();
        const stolen = `${SESSION}=${idOf()}`;
        expect(await whoIs(stolen)).to.equal(ada);
        await come();
        expect(await whoIs(stolen)).to.equal(undefined);
        web.clock.now += 1;
        await signIn();
        expect(await who()).to.equal(ada);
        expect(await whoIs(stolen)).to.equal(undefined);
        web.clock.now += 48 * HOUR;
        expect(await whoIs(stolen)).to.equal(undefined);
      });
    }

    it('never, if what was seen is the session’s name on the account page', async () => {
      await signIn();
      const name = sessionName(idOf());
      expect((await victim.open('/account')).text).to.include(name);
      const bytes = Buffer.from(name, 'hex');
      for (const value of [name, name.slice(0, 43), bytes.toString('base64url')]) {
        expect(await whoIs(`${SESSION}=${value}`), value).to.equal(undefined);
      }
    });
  });

  describe('by fixation fails:', () => {
    it('an id that was planted is never adopted, whether it is nobody’s or the attacker’s own', async () => {
      const attacker = web.aBrowser();
      await signIn(attacker, BOB);
      for (const planted of ['p'.repeat(43), idOf(attacker)]) {
        victim.jar.set(SESSION, planted);
        await signIn();
        expect(idOf()).not.to.equal(planted);
        expect(await who()).to.equal(ada);
        expect(await whoIs(`${SESSION}=${planted}`)).to.equal(undefined);
      }
      expect(await who(attacker)).to.equal(undefined);
    });

    it('the id changes at sign-in, at step-up and with each account, and the old one opens nothing', async () => {
      const ids: string[] = [];
      for (const step of [signIn, consent, () => signIn(victim, BOB), () => signIn()]) {
        await step();
        ids.push(idOf());
      }
      expect(new Set(ids).size).to.equal(4);
      const opened = await Promise.all(ids.map((id) => whoIs(`${SESSION}=${id}`)));
      expect(opened).to.deep.equal([undefined, undefined, undefined, ada]);
    });
  });

  describe('by tossing fails:', () => {
    let mallory: string;
    beforeEach(async () => {
      const attacker = web.aBrowser();
      await signIn(attacker, BOB);
      mallory = idOf(attacker);
      await signIn();
    });

    it('on https a cookie without the prefix, which another host can plant, is no session', async () => {
      expect(await whoIs(`concierge=${mallory}`)).to.equal(undefined);
      for (const both of [
        `concierge=${mallory}; ${SESSION}=${idOf()}`,
        `${SESSION}=${idOf()}; concierge=${mallory}`,
      ]) {
        expect(await whoIs(both)).to.equal(ada);
      }
    });

    it('a name that some readers take for the prefixed one is another name here', async () => {
      for (const alike of [
        '__host-concierge',
        '__HOST-concierge',
        '%5F_Host-concierge',
        '=__Host-concierge',
        'a=1,__Host-concierge',
        '"__Host-concierge"',
        '\t__Host-concierge',
        '\u00a0__Host-concierge',
        '__Host-concierge\t',
        '__Host-concierge ',
        'a="b; __Host-concierge',
        '$Version=1,__Host-concierge',
      ]) {
        const planted = `a=1; ${alike}=${mallory}`;
        const isQuoted = alike.includes('; ');
        const expected = isQuoted ? undefined : ada;
        expect(await whoIs(`${SESSION}=${idOf()}; ${planted}`), planted).to.equal(expected);
        expect(await whoIs(`${planted}; ${SESSION}=${idOf()}`), planted).to.equal(expected);
        if (!isQuoted) expect(await whoIs(planted), planted).to.equal(undefined);
      }
    });

    it('two session cookies at once are nobody’s, in either order, and end no session', async () => {
      for (const header of [
        `${SESSION}=${mallory}; ${SESSION}=${idOf()}`,
        `${SESSION}=${idOf()}; ${SESSION}=${mallory}`,
        `${SESSION}=${idOf()}; ${SESSION}=`,
        `${SESSION}=${idOf()};${SESSION}=${'x'.repeat(43)}`,
        `${SESSION}=${idOf()}; a=1; ${SESSION}=${idOf()}; ${SESSION}=${mallory}`,
      ]) {
        web.store.namesRead.length = 0;
        expect(await whoIs(header), header).to.equal(undefined);
        expect(web.store.namesRead).to.deep.equal([]);
        const cookie = { cookie: header, 'sec-fetch-site': 'same-origin' };
        const answer = await web.aBrowser().send('/sign-out', { method: 'POST', headers: cookie });
        expect(answer.status).to.equal(200);
      }
      expect(await who()).to.equal(ada);
      expect(await whoIs(`${SESSION}=${mallory}`)).to.equal(bob);
      expect(await whoIs(`${SESSION}=${idOf()}; ${SESSION}=${idOf()}`)).to.equal(ada);
    });

    it('a planted transaction cookie completes no sign-in of the attacker’s', async () => {
      const attacker = web.aBrowser();
      const callback = await attacker.begin();
      const planted = attacker.jar.get(TRANSACTION) ?? '';
      web.authority.identity = BOB;
      await victim.signOut();
      await victim.open('/sign-in');
      const own = victim.jar.get(TRANSACTION) ?? '';
      for (const cookie of [
        `concierge-tx=${planted}`,
        `${TRANSACTION}=${own}; concierge-tx=${planted}`,
        `${TRANSACTION}=${own}; ${TRANSACTION}=${planted}`,
        `${TRANSACTION}=${planted}; ${TRANSACTION}=${own}`,
      ]) {
        const answer = await web.aBrowser().open(callback, { cookie });
        expect(answer.status, cookie).to.equal(400);
        expect(answer.cookies, cookie).to.deep.equal([]);
      }
      expect(web.authority.redeemed).to.have.length(2);
      // A sign-in that begins with two of them gets one of its own.
      const again = await web.aBrowser().open('/sign-in', {
        cookie: `${TRANSACTION}=${planted}; ${TRANSACTION}=${own}`,
      });
      const fresh = /__Host-concierge-tx=([\w-]{43});/.exec(again.cookies.join())?.[1];
      expect(fresh).to.be.a('string').and.not.be.oneOf([planted, own]);
    });
  });

  describe('by login CSRF fails:', () => {
    it('an attacker’s callback opened in another browser signs nobody in, and switches nobody', async () => {
      const attacker = web.aBrowser();
      const callback = await attacker.begin();
      web.authority.identity = BOB;
      const other = web.aBrowser();
      await other.open('/sign-in');
      for (const by of [web.aBrowser(), other]) {
        const answer = await by.open(callback, { 'sec-fetch-site': 'cross-site' });
        expect(answer.status).to.equal(400);
        expect(by.jar.has(SESSION)).to.equal(false);
      }
      await signIn();
      web.authority.identity = BOB;
      const id = idOf();
      const answer = await victim.open(callback, { 'sec-fetch-site': 'cross-site' });
      expect(answer.location).to.equal('/');
      expect(idOf()).to.equal(id);
      expect(await who()).to.equal(ada);
      expect(web.authority.redeemed).to.have.length(1);
      // It is the attacker's own, and of no use to anyone else.
      expect((await attacker.open(callback)).status).to.equal(303);
    });

    it('the session of a browser completes no sign-in that another browser began', async () => {
      await signIn();
      const other = web.aBrowser();
      const callback = await other.begin();
      const answer = await web.aBrowser().open(callback, { cookie: `${SESSION}=${idOf()}` });
      expect(answer.location).to.equal('/');
      expect(answer.cookies).to.deep.equal([]);
      expect(web.authority.redeemed).to.have.length(1);
    });
  });

  describe('by odd and many cookies does nothing:', () => {
    it('a malformed id is no id, and costs no read of the store', async () => {
      await signIn();
      const id = idOf();
      web.store.namesRead.length = 0;
      for (const value of [
        '',
        '=',
        `=${id}`,
        `${id}=`,
        `"${id}"`,
        `'${id}'`,
        ` ${id}`,
        `${id} `,
        `${id.slice(0, 42)}`,
        `${id}A`,
        `${id}%00`,
        `%00${id}`,
        `${id.slice(0, 42)}%${id.charCodeAt(42).toString(16)}`,
        `${id.slice(0, 42)}\u00e9`,
        '__proto__',
        'constructor',
        'undefined',
        '../../etc/passwd',
        '{"$ne":null}',
        `${'a'.repeat(20)}:account\t${'a'.repeat(14)}`,
        'x'.repeat(8000),
      ]) {
        expect(await whoIs(`${SESSION}=${value}; a=1`), value.slice(0, 60)).to.equal(undefined);
      }
      expect(await whoIs(SESSION)).to.equal(undefined);
      expect(web.store.namesRead).to.deep.equal([]);
    });

    it('odd cookies beside a good one take nothing from it', async () => {
      await signIn();
      const good = `${SESSION}=${idOf()}`;
      for (const odd of [
        '__proto__=1',
        'constructor=1; toString=1; hasOwnProperty=1',
        'a="b',
        'a="b;c"',
        'a=%00%ff%',
        'a=\u00ff\u00fe\u0080',
        ';;; ;',
        '=',
        'no-value',
        `${'n'.repeat(4000)}=1`,
        `a=${'v'.repeat(8000)}`,
        '__Host-concierge-answered=%00; __Host-concierge-tx=x; __Host-concierge-signed-out="',
      ]) {
        for (const header of [`${odd}; ${good}`, `${good}; ${odd}`]) {
          expect(await whoIs(header), odd.slice(0, 60)).to.equal(ada);
        }
      }
    });

    it('bytes that no header may hold are refused, and the next request is served', async () => {
      await signIn();
      const good = `${SESSION}=${idOf()}`;
      const head = (bytes: string) =>
        `GET /api/session HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\nCookie: ${good}; a=${bytes}\r\n\r\n`;
      for (const bytes of ['\0', 'b\0c', '\x01', '\x7f', '\r']) {
        expect(await raw(head(bytes)), JSON.stringify(bytes)).to.match(/^HTTP\/1\.1 400 /);
      }
      for (const bytes of ['\xff\xfe', '\xc3\x28', '\t']) {
        expect(await raw(head(bytes)), JSON.stringify(bytes)).to.match(/^HTTP\/1\.1 200 /);
      }
      expect(await who()).to.equal(ada);
    });

    it('8 and 64 kB of cookies are served, 200 kB are refused with 431, and the next request is served', async () => {
      await signIn();
      const good = `${SESSION}=${idOf()}`;
      for (const kilobytes of [8, 64]) {
        expect(await whoIs(`a=${'x'.repeat(kilobytes * 1024)}; ${good}`)).to.equal(ada);
        expect(await whoIs(`${good}; ${SESSION}=${'x'.repeat(kilobytes * 1024)}`)).to.equal(
          undefined,
        );
      }
      const head = `GET / HTTP/1.1\r\nHost: site.example\r\nCookie: a=${'x'.repeat(200 * 1024)}\r\n\r\n`;
      expect(await raw(head)).to.match(/^HTTP\/1\.1 431 /);
      expect(await who()).to.equal(ada);
    });

    it('10,000 cookies in one request are served in a moment, with one read of one session', async () => {
      await signIn();
      const garbage = Array.from({ length: 10_000 }, (_, i) => `g${i}=x`).join('; ');
      const twins = Array.from(
        { length: 1500 },
        (_, i) => `${SESSION}=${'t'.repeat(39)}${1000 + i}`,
      );
      web.store.namesRead.length = 0;
      const startedAt = performance.now();
      expect(await whoIs(`${garbage}; ${SESSION}=${idOf()}`)).to.equal(ada);
      expect(web.store.namesRead).to.deep.equal([web.names.forRandomId(idOf(), 'session')]);
      expect(await whoIs(twins.join('; '))).to.equal(undefined);
      expect(web.store.namesRead).to.have.length(1);
      expect(performance.now() - startedAt).to.be.below(2000);
    });

    it('10,000 requests with cookies of their own write nothing, keep nothing and read little', async function () {
      this.timeout(120_000);
      await web.close();
      web = await aWeb({ publicUrl: SITE, logLevel: 'silent' });
      victim = web.aBrowser();
      let writes = 0;
      web.store.beforeReplace = async () => {
        writes += 1;
      };
      const malformed = (i: number) => `${SESSION}=${i}${'x'.repeat(4000)}`;
      const wellFormed = (i: number) => `${SESSION}=${String(i).padStart(43, 'w')}`;
      await bombard(500, (i) => `${malformed(i)}; a=${i}`);
      web.store.namesRead.length = 0;
      const before = heapUsed();
      await bombard(9000, (i) => `${malformed(i)}; a=${i}`);
      expect(web.store.namesRead).to.deep.equal([]);
      await bombard(1000, (i) => `${wellFormed(i)}; a=${'y'.repeat(4000)}`);
      expect(new Set(web.store.namesRead).size).to.equal(1000);
      expect(web.store.namesRead.length).to.be.at.most(2000);
      expect(writes).to.equal(0);
      // Of 40 MB that were sent.
      expect(heapUsed() - before).to.be.below(8_000_000);
      await signIn();
      expect(await who()).to.equal(ada);
    });
  });

  /** Sends bytes as they are; gives the first bytes of the answer. */
  async function raw(bytes: string): Promise<string> {
    const socket = connect(web.port, '127.0.0.1');
    // A server that has refused may close before it has read all.
    socket.on('error', () => {});
    socket.write(Buffer.from(bytes, 'latin1'));
    const { promise, resolve } = Promise.withResolvers<string>();
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
    socket.once('close', () => resolve('closed'));
    const answer = await promise;
    socket.destroy();
    return answer;
  }

  /** So many requests, twenty at a time, each with the cookies that `cookieOf` gives. */
  async function bombard(count: number, cookieOf: (i: number) => string): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    let next = 0;
    const lane = async () => {
      while (next < count) {
        const cookie = cookieOf(next);
        next += 1;
        expect(await statusOf(agent, cookie)).to.equal(401);
      }
    };
    await Promise.all(Array.from({ length: 20 }, lane));
    agent.destroy();
  }

  async function statusOf(agent: Agent, cookie: string): Promise<number | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const options = { host: '127.0.0.1', port: web.port, path: '/api/session', agent };
    const asking = request({ ...options, headers: { cookie } }, (answer) => {
      text(answer).then(() => resolve(answer.statusCode), reject);
    });
    asking.on('error', reject);
    asking.end();
    return await promise;
  }
});

/** Bytes that are in use after everything else was given up. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('there is no collector to call');
  collect();
  return process.memoryUsage().heapUsed;
}
