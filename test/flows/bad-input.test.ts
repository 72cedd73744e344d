/** Faults of the authority, the store and the APIs, and callbacks that are wrong: nobody is signed out by them. */
import { expect } from 'chai';
import type { IdTokenFault, Outage } from '../../scripts/sandbox/faults.ts';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { passSandbox, type Site, startSandboxedSite } from '../support/site.ts';
import { type Page, Visitor } from '../support/visitor.ts';

const ADA = 'ada@contoso.example';

describe('Whatever goes wrong', function () {
  this.timeout(30_000);
  let site: Site;
  let sandbox: Sandbox;
  let visitor: Visitor;
  let redis: RedisServer | undefined;

  async function start(env: Record<string, string> = {}): Promise<void> {
    ({ site, sandbox } = await startSandboxedSite(env));
    visitor = new Visitor();
  }

  afterEach(async () => {
    redis?.thaw();
    await redis?.start().catch(() => undefined);
    await site.close();
    await sandbox.close();
    await redis?.stop();
    redis = undefined;
  });

  const at = (path: string) => `${site.url}${path}`;
  const signIn = async (): Promise<Page> =>
    passSandbox(visitor, await visitor.open(at('/profile')), ADA);

  /** The page is there again, by the same session, with no step at the authority. */
  async function expectStillSignedIn(path = '/profile'): Promise<void> {
    const page = await visitor.open(at(path));
    expect(page.trail.map((url) => url.href)).to.deep.equal([at(path)]);
    expect(page.status).to.equal(200);
  }

  /** A page for a person: what happened, what to do, a reference; no stack, no token. */
  function expectTold(page: Page, status: number): void {
    expect(page.status, /<main[\s\S]*/.exec(page.text)?.[0].slice(0, 600)).to.equal(status);
    expect(page.text).to.match(/Correlation id: [\w-]{36}/);
    expect(page.text).not.to.match(/\bat .+\.ts:\d+|eyJ[\w-]+\.|Bearer/);
  }

  describe('in the callback', () => {
    beforeEach(() => start());

    /** The callback of a sign-in that went well up to it, not yet opened. */
    async function aCallback(by = visitor): Promise<URL> {
      const asked = await by.open(at('/sign-in?returnTo=/profile'));
      const held = new Visitor();
      const end = await passSandbox(held, await held.open(asked.url), ADA);
      const callback = end.trail.find((url) => url.pathname === '/signin-oidc');
      if (!callback) throw new Error('the sandbox did not lead back');
      return callback;
    }

    async function expectNoSession(): Promise<void> {
      expect((await visitor.fetch(at('/api/session'))).status).to.equal(401);
    }

    it('no transaction, or another browser’s, offers a fresh start', async () => {
      const callback = await aCallback();
      const stranger = new Visitor();
      expectTold(await stranger.open(callback), 400);
      expectTold(await stranger.open(at('/signin-oidc?code=x&state=y')), 400);
      expectTold(await stranger.open(at('/signin-oidc')), 400);
      const rightful = await visitor.open(callback);
      expect(rightful.url.href, 'a stranger’s try took nothing away').to.equal(at('/profile'));
    });

    it('a wrong state or code is refused', async () => {
      const callback = await aCallback();
      const wrongState = new URL(callback);
      wrongState.searchParams.set('state', 'wrong');
      expectTold(await visitor.open(wrongState), 400);
      const wrongCode = new URL(callback);
      wrongCode.searchParams.set('code', 'wrong');
      expectTold(await visitor.open(wrongCode), 400);
      await expectNoSession();
    });

    it('a code that was redeemed before is refused', async () => {
      const first = await aCallback();
      await visitor.open(first);
      const other = new Visitor();
      const second = await aCallback(other);
      second.searchParams.set('code', first.searchParams.get('code') ?? '');
      expectTold(await other.open(second), 400);
      expect((await other.fetch(at('/api/session'))).status).to.equal(401);
      await expectStillSignedIn();
    });

    for (const fault of [
      'wrong-nonce',
      'no-nonce',
      'foreign-tid',
      'wrong-iss',
      'wrong-aud',
      'wrong-key',
    ] satisfies IdTokenFault[]) {
      it(`an ID token that is wrong is refused: ${fault}`, async () => {
        const callback = await aCallback();
        sandbox.controls.spoilNextIdToken(fault);
        expectTold(await visitor.open(callback), 400);
        await expectNoSession();
      });
    }

    it('an ID token that has expired already is a clock’s fault, and not the person’s: 500', async () => {
      const callback = await aCallback();
      sandbox.controls.spoilNextIdToken('expired');
      const page = await visitor.open(callback);
      expectTold(page, 500);
      expect(page.text).to.include('clocks').and.include('You have done nothing wrong');
      await expectNoSession();
    });

    it('an ID token by a key not known yet is for later: 503', async () => {
      const callback = await aCallback();
      sandbox.controls.spoilNextIdToken('unknown-key');
      expectTold(await visitor.open(callback), 503);
      await expectNoSession();
    });

    it('a missing client_info still signs in', async () => {
      const callback = await aCallback();
      sandbox.controls.spoilNextIdToken('no-client-info');
      expect((await visitor.open(callback)).url.href).to.equal(at('/profile'));
    });

    it('the issuer of another tenant is refused, one’s own and unknown parameters are not', async () => {
      const foreign = await aCallback();
      foreign.searchParams.set('iss', 'https://login.example/other/v2.0');
      expectTold(await visitor.open(foreign), 400);
      const own = await aCallback();
      own.searchParams.set('iss', `${sandbox.url}${sandbox.tenants[0]?.id}/v2.0`);
      own.searchParams.set('unknown', 'parameter');
      expect((await visitor.open(own)).url.href).to.equal(at('/profile'));
    });

    it('a query of 100 kB is refused before anything is read', async () => {
      const long = await visitor
        .open(at(`/signin-oidc?state=${'x'.repeat(100_000)}`))
        .then((page) => page.status);
      expect(long).to.be.oneOf([414, 431]);
    });

    it('a refusal by the authority is told, with what was asked for', async () => {
      const asked = await visitor.open(at('/profile'));
      expectTold(await passSandbox(visitor, asked, ADA, 'cancel'), 400);
      await expectNoSession();
    });
  });

  describe('with where to return to', () => {
    beforeEach(() => start());

    for (const path of [
      '//evil.example',
      '/\\evil.example',
      '/%2fevil.example',
      '/%5cevil.example',
      'https://evil.example/',
      'javascript:alert(1)',
      '/\t/evil.example',
      '/a%0d%0aset-cookie:x=1',
    ]) {
      it(`the person ends on this site for ${JSON.stringify(path)}`, async () => {
        const asked = await visitor.open(at(`/sign-in?returnTo=${encodeURIComponent(path)}`));
        const page = await passSandbox(visitor, asked, ADA);
        expect(page.url.origin).to.equal(site.url);
        expect(page.status).to.be.oneOf([200, 404]);
        expect(page.headers.get('set-cookie') ?? '').not.to.include('x=1');
      });
    }
  });

  describe('at the authority', () => {
    for (const outage of ['503json', 'html', 'connection-reset'] satisfies Outage[]) {
      it(`${outage}: people who are signed in go on, refreshes answer 503, and all is well after`, async () => {
        await start();
        await signIn();
        sandbox.controls.expireAccessTokens();
        sandbox.controls.outage('authority', outage);
        const page = await visitor.open(at('/profile'));
        expectTold(page, 503);
        expect(page.headers.get('retry-after')).to.match(/^\d+$/);
        expect((await visitor.fetch(at('/api/session'))).status).to.equal(200);
        sandbox.controls.mendAll();
        await expectStillSignedIn();
      });
    }

    it('429 in plain text: its Retry-After is passed on, and kept to', async () => {
      await start();
      await signIn();
      sandbox.controls.expireAccessTokens();
      sandbox.controls.throttle('authority', 1, 3);
      const page = await visitor.open(at('/profile'));
      expectTold(page, 503);
      expect(page.headers.get('retry-after')).to.equal('3');
      expectTold(await visitor.open(at('/profile')), 503);
      const asked = () => sandbox.requests.filter(({ endpoint }) => endpoint === 'token').length;
      expect(asked(), 'the code, and one refresh').to.equal(2);
      await eventually(() => expectStillSignedIn());
      expect(asked()).to.equal(3);
    });

    it('silence: the answer comes within the caller’s time', async () => {
      await start();
      await signIn();
      sandbox.controls.expireAccessTokens();
      sandbox.controls.outage('authority', 'silence');
      const startedAt = performance.now();
      expectTold(await visitor.open(at('/profile')), 503);
      expect(performance.now() - startedAt).to.be.below(20_000);
      sandbox.controls.mendAll();
      await expectStillSignedIn();
    });

    it('away at the start: the site starts, says 503, and signs in once it is back', async () => {
      await start();
      sandbox.controls.outage('authority', '503json');
      expectTold(await visitor.open(at('/profile')), 503);
      expect((await fetch(at('/health/ready'))).status).to.equal(200);
      sandbox.controls.mendAll();
      expect((await signIn()).status).to.equal(200);
    });

    it('away at the callback: nothing is half-done, and a fresh start works', async () => {
      await start();
      const asked = await visitor.open(at('/profile'));
      sandbox.controls.outage('authority', '503json', ['token']);
      expectTold(await passSandbox(visitor, asked, ADA), 503);
      expect((await visitor.fetch(at('/api/session'))).status).to.equal(401);
      sandbox.controls.mendAll();
      expect((await signIn()).status).to.equal(200);
    });

    it('a dead refresh token asks for a new sign-in, with a hint, and back to the same place', async () => {
      await start();
      await signIn();
      sandbox.controls.expireAccessTokens();
      sandbox.controls.revoke(ADA);
      sandbox.controls.endBrowserSessions();
      const asked = await visitor.open(at('/profile?tab=2'));
      const authorize = asked.trail.find((url) => url.pathname.endsWith('/authorize'));
      expect(authorize?.searchParams.get('login_hint')).to.be.a('string');
      const page = await passSandbox(visitor, asked, ADA);
      expect(page.url.href).to.equal(at('/profile?tab=2'));
    });
  });

  describe('in the store', () => {
    beforeEach(async () => {
      redis = await startRedisServer();
      await start({ TokenCache__Store: redis.uri });
    });

    for (const [what, fault, mend] of [
      ['killed', () => redis?.stop(), () => undefined],
      ['frozen', () => redis?.freeze(), () => redis?.thaw()],
    ] as const) {
      it(`${what}: pages answer 503 in time and keep the cookie`, async () => {
        await signIn();
        const cookies = visitor.cookies(site.url);
        await fault();
        // For a second of its silence, what is near at hand is still good.
        const startedAt = performance.now();
        let page = await visitor.open(at('/profile'));
        while (page.status === 200 && performance.now() - startedAt < 1500) {
          page = await visitor.open(at('/profile'));
        }
        expect(performance.now() - startedAt).to.be.below(5000);
        expectTold(page, 503);
        expect(page.headers.get('retry-after')).to.match(/^\d+$/);
        expect(visitor.cookies(site.url)).to.equal(cookies);
        expect((await fetch(at('/health/ready'))).status).to.equal(503);
        expect((await fetch(at('/health/live'))).status).to.equal(200);
        await mend();
        if (what === 'frozen') await eventually(() => expectStillSignedIn());
      });
    }

    it('away at the start: the site starts and works as soon as it is there', async () => {
      await redis?.stop();
      await site.close();
      await sandbox.close();
      await start({ TokenCache__Store: redis?.uri ?? '' });
      expectTold(await visitor.open(at('/profile')), 503);
      await redis?.start();
      await eventually(async () => {
        expect((await fetch(at('/health/ready'))).status).to.equal(200);
      });
      expect((await signIn()).status).to.equal(200);
    });

    it('a record by an unknown key answers 503, garbage counts as no record, and a sign-in mends both', async () => {
      await signIn();
      const storage = await openStorage(redis?.uri ?? '', {
        log: createLog('silent'),
        now: Date.now,
      });
      await overwriteAll(storage, ':account', '1.00000000.garbage');
      expectTold(await visitor.open(at('/profile')), 503);
      await overwriteAll(storage, ':account', 'garbage');
      const page = await signIn();
      expect(page.status).to.equal(200);
      await storage.close();
    });

    /** Puts a value under every name that ends so, as someone at the store's own console might. */
    async function overwriteAll(
      storage: Awaited<ReturnType<typeof openStorage>>,
      ending: string,
      value: string,
    ): Promise<void> {
      const { createClient } = await import('@keyv/redis');
      const client = createClient({ url: redis?.uri ?? '' });
      await client.connect();
      const names = await client.keys(`*${ending}`);
      await client.close();
      expect(names).not.to.be.empty;
      for (const name of names) await storage.set(name, value, 60_000);
    }
  });

  describe('at an API', () => {
    for (const [outage, status] of [
      ['403', 502],
      ['404', 502],
      ['500', 502],
      ['html', 502],
      ['redirect', 502],
      ['big-body', 502],
      ['503json', 503],
      ['connection-reset', 503],
    ] as const) {
      it(`${outage} is told as ${status}, and nothing else changes`, async () => {
        await start();
        await signIn();
        sandbox.controls.outage('graph', outage);
        expectTold(await visitor.open(at('/profile')), status);
        const elsewhere = sandbox.requests.filter(({ path }) => path.startsWith('/elsewhere'));
        expect(elsewhere).to.deep.equal([]);
        sandbox.controls.mendAll();
        await expectStillSignedIn();
      });
    }

    it('a token that it refuses is renewed once, and the page comes', async () => {
      await start();
      await signIn();
      sandbox.controls.expireAccessTokens();
      await expectStillSignedIn();
      const refreshes = sandbox.requests.filter(({ grantType }) => grantType === 'refresh_token');
      expect(refreshes).to.have.length(1);
    });

    it('429 with a long Retry-After is told as 503 with the same', async () => {
      await start();
      await signIn();
      sandbox.controls.throttle('graph', 100, 120);
      const page = await visitor.open(at('/profile'));
      expectTold(page, 503);
      expect(Number(page.headers.get('retry-after'))).to.be.within(100, 120);
    });

    it('silence is told as 503 within the caller’s time', async () => {
      await start();
      await signIn();
      sandbox.controls.outage('todo', 'silence');
      await passSandbox(visitor, await visitor.open(at('/apis/todos')), ADA).then((page) =>
        expectTold(page, 503),
      );
      sandbox.controls.mendAll();
      await expectStillSignedIn();
    });
  });
});

async function eventually(check: () => Promise<void>, ms = 5000): Promise<void> {
  const giveUpAt = performance.now() + ms;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      // Not yet; the last failure is the one that counts.
      if (performance.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
