/** The session: its cookie, its ends, and what no request may do to it. */
import { expect } from 'chai';
import { aWeb, type Web } from './a-web.ts';
import { FETCH } from './browser.ts';

const HOUR = 3_600_000;

describe('The session', () => {
  let web: Web;
  beforeEach(async () => {
    web = await aWeb();
  });
  afterEach(() => web.close());

  const isSignedIn = async (browser = web.aBrowser()) =>
    (await browser.open('/')).text.includes('Hello, Ada');

  it('has a cookie of random bits for this host alone on https', async () => {
    await web.close();
    web = await aWeb({ publicUrl: 'https://site.example' });
    const browser = web.aBrowser();
    const callback = await browser.begin();
    const started = await browser.copy().open('/sign-in');
    const ended = await browser.open(callback);
    for (const [name, cookies] of [
      ['__Host-concierge', ended.cookies],
      ['__Host-concierge-tx', started.cookies],
    ] as const) {
      const line = cookies.find((each) => each.startsWith(`${name}=`)) ?? '';
      expect(line).to.match(/=[\w-]{43};/);
      expect(line)
        .to.match(/; path=\/(;|$)/)
        .and.match(/; httponly(;|$)/i);
      expect(line)
        .to.match(/; secure(;|$)/i)
        .and.match(/; samesite=lax(;|$)/i);
      expect(line).not.to.match(/domain=/i);
    }
    expect(ended.headers['strict-transport-security']).to.include('max-age=');
  });

  it('has the same cookies without prefix and Secure on loopback http', async () => {
    const browser = web.aBrowser();
    const { cookies } = await browser.signIn();
    expect([...browser.jar.keys()]).to.include.members(['concierge', 'concierge-tx']);
    expect(cookies.join()).not.to.match(/__Host-|; secure/i);
    expect(cookies.find((line) => line.startsWith('concierge='))).to.match(/; httponly/i);
  });

  it('is not there for someone who only looks', async () => {
    const browser = web.aBrowser();
    expect((await browser.open('/')).cookies).to.deep.equal([]);
    expect((await browser.open('/assets/style.css')).cookies).to.deep.equal([]);
  });

  it('is read from a copy near at hand by requests that only read', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.store.sessionReads.length = 0;
    web.broker.askedNear.length = 0;
    await browser.open('/');
    expect(web.store.sessionReads).to.deep.equal([true]);
    // Who it is, and what was permitted so far.
    expect(web.broker.askedNear).to.deep.equal([true, true]);
    web.store.sessionReads.length = 0;
    web.broker.askedNear.length = 0;
    await browser.signOut();
    expect(web.store.sessionReads).to.include(false).and.not.include(true);
    expect(web.broker.askedNear).to.deep.equal([false]);
  });

  it('is not taken for ended because a copy near at hand does not have it', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const id = browser.jar.get('concierge') ?? '';
    web.store.stale.set(web.names.forRandomId(id, 'session'), undefined);
    expect(await isSignedIn(browser)).to.equal(true);
  });

  it('gets a new id at each sign-in, and the old one opens nothing', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const before = browser.copy();
    await browser.signIn();
    expect(browser.jar.get('concierge')).not.to.equal(before.jar.get('concierge'));
    expect(await isSignedIn(browser)).to.equal(true);
    expect(await isSignedIn(before)).to.equal(false);
    expect(web.broker.accounts.get('ada.tenant')?.sessions.size).to.equal(1);
  });

  describe('that goes on under an id that the browser does not know yet', () => {
    /** Signs out with the old cookie after the last write of a sign-in, before its answer. */
    const signOutMeanwhile = async (waitMs = 0) => {
      const browser = web.aBrowser();
      await browser.signIn();
      const callback = await browser.begin();
      const old = browser.copy();
      await browser.open(callback);
      web.clock.now += waitMs;
      return { browser, answer: await old.signOut() };
    };

    it('ends by a sign-out with the old one, which leads on to the authority', async () => {
      const { browser, answer } = await signOutMeanwhile();
      expect(answer.text).to.include('You are signed out');
      expect(answer.headers['refresh']).to.include('logout_hint=opaque-hint-of-ada');
      expect(await isSignedIn(browser)).to.equal(false);
      expect(web.broker.accounts.size).to.equal(0);
      const line = /"audit":true,"event":"sign_out","kind":"here".*/.exec(web.log())?.[0];
      expect(line).to.include('"account":"ada.tenant"');
    });

    it('does not end by an id that is older than a minute', async () => {
      const { browser } = await signOutMeanwhile(60_001);
      expect(await isSignedIn(browser)).to.equal(true);
    });

    it('is not opened by the old one', async () => {
      const browser = web.aBrowser();
      await browser.signIn();
      const old = browser.copy();
      await browser.signIn();
      const form = { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } };
      expect((await old.send('/account/sign-out-everywhere', form)).status).to.equal(401);
      expect((await old.fetch('/api/session')).status).to.equal(401);
      expect(await isSignedIn(browser)).to.equal(true);
    });
  });

  describe('whose old record cannot be deleted at a sign-in', () => {
    const signInAgain = async (onDelete = () => {}) => {
      const browser = web.aBrowser();
      await browser.signIn();
      const callback = await browser.begin();
      const before = browser.copy();
      web.store.beforeReplace = async (name, next) => {
        if (!name.endsWith(':session') || next !== undefined) return;
        onDelete();
        throw web.store.failure;
      };
      const { status } = await browser.open(callback);
      web.store.beforeReplace = async () => {};
      return { browser, before, status };
    };

    it('goes on, and the old id opens nothing', async () => {
      const { browser, before, status } = await signInAgain();
      expect(status).to.equal(303);
      expect(web.log()).to.include('old_session_left');
      expect(browser.jar.get('concierge')).not.to.equal(before.jar.get('concierge'));
      expect(await isSignedIn(browser)).to.equal(true);
      expect(await isSignedIn(before)).to.equal(false);
      expect(web.broker.accounts.get('ada.tenant')?.sessions.size).to.equal(1);
    });

    it('stays as it was where the account cannot leave it either', async () => {
      const { browser, before, status } = await signInAgain(() => {
        web.broker.fault = web.store.failure;
      });
      expect(status).to.equal(503);
      web.broker.fault = undefined;
      expect(browser.jar.get('concierge')).to.equal(before.jar.get('concierge'));
      expect(await isSignedIn(browser)).to.equal(true);
    });
  });

  it('does not take over an id that was planted', async () => {
    const browser = web.aBrowser();
    const planted = 'p'.repeat(43);
    browser.jar.set('concierge', planted);
    await browser.signIn();
    expect(browser.jar.get('concierge')).not.to.equal(planted);
  });

  it('names itself to the broker by a hash of its new id', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const id = browser.jar.get('concierge') ?? '';
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(id)));
    expect(web.broker.kept[0]?.sessionId).to.equal(hash.toString('hex'));
  });

  it('ends when it is idle, and not while it is used', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    for (let minutes = 0; minutes < 180; minutes += 30) {
      web.clock.now += HOUR / 2;
      expect(await isSignedIn(browser)).to.equal(true);
    }
    web.clock.now += HOUR + 1;
    expect(await isSignedIn(browser)).to.equal(false);
  });

  it('ends at its absolute age however much it is used', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    for (let n = 0; n < 23; n += 1) {
      web.clock.now += HOUR / 2;
      expect(await isSignedIn(browser)).to.equal(true);
    }
    web.clock.now += HOUR / 2 + 1;
    expect(await isSignedIn(browser)).to.equal(false);
  });

  it('sends no cookie again while it is only used', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.clock.now += HOUR / 2;
    expect((await browser.open('/')).cookies).to.deep.equal([]);
  });

  it('is not brought back by a request under way at sign-out', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    web.apiClient.onJson = async () => {
      arrive();
      await released;
      return { id: '1' };
    };
    // Old enough that the slow request notes its visit in the session.
    web.clock.now += HOUR / 2;
    const old = browser.copy();
    const slow = old.open('/profile');
    await arrived;
    const other = browser.copy();
    expect((await other.signOut()).status).to.equal(200);
    release();
    await slow;
    expect(web.log()).to.include('session_write_dropped');
    web.broker.accounts.set('ada.tenant', {
      details: { id: 'ada.tenant', epoch: 'epoch-1', identity: web.authority.identity },
      sessions: new Set(),
    });
    expect(await isSignedIn(old)).to.equal(false);
    expect(await isSignedIn(browser)).to.equal(false);
  });

  it('serves many requests at once', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.clock.now += HOUR / 2;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => browser.copy().open('/profile')),
    );
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]));
    expect(await isSignedIn(browser)).to.equal(true);
  });

  it('stays when the store is away: 503, the cookie kept, and on again afterwards', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.store.isDown = true;
    const page = await browser.open('/profile');
    expect(page.status).to.equal(503);
    expect(page.headers['retry-after']).to.equal('7');
    expect(page.text).to.include('nobody was signed out');
    expect(page.cookies).to.deep.equal([]);
    const call = await browser.send('/api/session', { headers: FETCH });
    expect(call.status).to.equal(503);
    expect(call.headers['content-type']).to.include('application/problem+json');
    expect((await browser.open('/assets/style.css')).status).to.equal(200);
    expect((await browser.open('/health/live')).status).to.equal(200);
    web.store.isDown = false;
    expect(await isSignedIn(browser)).to.equal(true);
  });

  it('is not needed to be signed out when the account cannot be read', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const { Unavailable } = await import('../../src/errors.ts');
    web.broker.fault = new Unavailable('What is kept for you cannot be read here just now.');
    expect((await browser.open('/profile')).status).to.equal(503);
    // An explicit sign-in is the way out.
    expect((await browser.open('/sign-in')).status).to.equal(302);
  });
});
