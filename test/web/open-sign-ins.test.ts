/** Sign-ins left open: bounded for each browser, in the store and not in its cookies. */
import { expect } from 'chai';
import { aWeb, type Web } from './a-web.ts';
import type { Browser } from './browser.ts';

describe('Open sign-ins', () => {
  let web: Web;
  beforeEach(async () => {
    web = await aWeb();
  });
  afterEach(() => web.close());

  const nameOf = (path: string) => {
    const state = new URL(path, 'http://x').searchParams.get('state') ?? '';
    return web.names.forRandomId(state, 'transaction');
  };
  const isKept = async (path: string) => (await web.storage.get(nameOf(path))) !== undefined;
  const cookieBytes = ({ jar }: Browser) => [...jar].flat().join('').length;

  /** Begins several, within what one address may do in a minute. */
  async function beginSeveral(browser: Browser, count: number): Promise<string[]> {
    const paths: string[] = [];
    for (let n = 0; n < count; n += 1) paths.push(await browser.begin('/sign-in?returnTo=/mail'));
    return paths;
  }

  it('of one browser are twenty at most: a hundred begun leave the newest, which complete', async function () {
    this.timeout(30_000);
    // The limit on sign-ins would stop them sooner.
    await web.close();
    web = await aWeb({ trustProxy: true });
    const browser = web.aBrowser();
    const paths: string[] = [];
    const sizes = new Set<number>();
    for (let n = 0; n < 100; n += 1) {
      const answer = await browser.open('/sign-in?returnTo=/mail', {
        'x-forwarded-for': `192.0.2.${n}`,
      });
      const state = URL.parse(answer.location)?.searchParams.get('state');
      paths.push(`/signin-oidc?code=c&state=${state}`);
      sizes.add(cookieBytes(browser));
    }
    expect([...sizes]).to.have.length(1);
    const kept = await Promise.all(paths.map(isKept));
    expect(kept.indexOf(true)).to.equal(80);
    expect(kept.filter(Boolean)).to.have.length(20);

    for (const [n, path] of paths.slice(-20).entries()) {
      const answer = await browser.open(path, { 'x-forwarded-for': `198.51.100.${n}` });
      expect(answer.location).to.equal('/mail');
    }
    expect(web.authority.redeemed).to.have.length(20);
    browser.jar.delete('concierge');
    expect((await browser.open(paths[79] ?? '')).status).to.equal(400);
  });

  it('of another browser are left alone', async () => {
    const [mine, others] = [web.aBrowser(), web.aBrowser()];
    const first = await others.begin();
    await beginSeveral(mine, 21);
    expect((await others.open(first)).status).to.equal(303);
  });

  it('begun in two tabs at the same moment both count, and both complete', async () => {
    const browser = web.aBrowser();
    await browser.begin();
    let calls = 0;
    let pair = Promise.withResolvers<void>();
    // Step by step together: so both find the same index, and one of them has to look again.
    web.store.beforeReplace = async () => {
      calls += 1;
      if (calls > 6) return;
      const mine = pair;
      if (calls % 2 === 0) {
        pair = Promise.withResolvers();
        mine.resolve();
      }
      await mine.promise;
    };
    const tabs = [browser.copy(), browser.copy()];
    const both = await Promise.all(tabs.map((tab) => tab.begin('/sign-in?returnTo=/mail')));
    expect(calls).to.equal(7);
    await beginSeveral(browser, 18);
    expect(await Promise.all(both.map(isKept))).to.deep.equal([true, true]);
    for (const path of both) expect((await browser.open(path)).location).to.equal('/mail');
  });

  it('drop in the order in which they were begun, none forgotten', async () => {
    const browser = web.aBrowser();
    const paths = await beginSeveral(browser, 20);
    const [first, second, third] = paths;
    await Promise.all([browser.copy().begin(), browser.copy().begin()]);
    const kept = await Promise.all([first, second, third].map((path) => isKept(path ?? '')));
    expect(kept).to.deep.equal([false, false, true]);
  });

  it('go on when they cannot be counted for all that begin at that moment', async () => {
    const browser = web.aBrowser();
    await browser.begin();
    const index = web.names.forRandomId(browser.jar.get('concierge-tx') ?? '', 'browser');
    const one = (await web.storage.get(index)) ?? '';
    await browser.begin();
    const other = (await web.storage.get(index)) ?? '';
    let calls = 0;
    // Somebody else is always a moment earlier.
    web.store.beforeReplace = async () => {
      calls += 1;
      await web.storage.set(index, calls % 2 ? one : other, 60_000);
    };
    const path = await browser.begin();
    expect(calls).to.equal(7);
    web.store.beforeReplace = async () => {};
    expect((await browser.open(path)).status).to.equal(303);
  });

  it('are not begun while the store is away', async () => {
    const browser = web.aBrowser();
    await browser.begin();
    let writes = 0;
    web.store.beforeReplace = async () => {
      writes += 1;
      // The transaction is kept, its number is not.
      web.store.isDown = writes > 1;
      if (web.store.isDown) throw web.store.failure;
    };
    const answer = await browser.open('/sign-in');
    expect(answer.status).to.equal(503);
    expect(answer.headers['retry-after']).to.equal('7');
  });

  it('are begun where the index was sealed by a key that is not known here', async () => {
    const browser = web.aBrowser();
    await browser.begin();
    const index = web.names.forRandomId(browser.jar.get('concierge-tx') ?? '', 'browser');
    const bytes = (await web.storage.get(index)) ?? '';
    const [version, , body] = bytes.split('.');
    await web.storage.set(index, `${version}.${'f'.repeat(8)}.${body}`, 60_000);
    expect((await browser.open(await browser.begin())).status).to.equal(303);
    expect(web.log()).to.include('record_key_unknown');
  });
});
