/** Signing out at the authority from another app, in a real browser that gives no cookie to frames. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import { type BrowserContext, type Page, type Request, selectors } from 'playwright-core';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { launchProfile } from '../support/chromium.ts';
import { askRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { type Site, startSandboxedSite } from '../support/site.ts';

const ADA = 'ada@contoso.example';
const OTHER_APP = '9c3f5c53-6a0e-4f6b-8a58-0b6f7c1d2e22';

describe('In Chromium that blocks third-party cookies', function () {
  this.timeout(60_000);
  let redis: RedisServer;
  let otherApp: OtherApp;
  let site: Site;
  let sandbox: Sandbox;
  let context: BrowserContext;
  let page: Page;
  const said: string[] = [];

  before(async () => {
    selectors.setTestIdAttribute('data-test');
    redis = await startRedisServer();
    otherApp = await startOtherApp();
  });
  after(async () => {
    await otherApp.close();
    await redis.stop();
  });

  beforeEach(async () => {
    askRedis(redis, 'FLUSHALL');
    ({ site, sandbox } = await startSandboxedSite({ TokenCache__Store: redis.uri }));
    sandbox.controls.register({ ...demoApp, frontChannelLogoutUrl: `${site.url}/signout-oidc` });
    const redirectUris = [`${otherApp.url}/done`];
    sandbox.controls.register({ clientId: OTHER_APP, name: 'Other', secrets: [], redirectUris });
    context = await launchProfile('blocked');
    page = await aPage(context);
  });
  afterEach(async () => {
    await context.close();
    await site.close();
    await sandbox.close();
    said.length = 0;
  });

  async function aPage(of: BrowserContext): Promise<Page> {
    of.setDefaultTimeout(10_000);
    const opened = await of.newPage();
    opened.on('console', (message) => said.push(message.text()));
    return opened;
  }
  const recordsOf = (kind: string) => {
    const names = askRedis(redis, 'KEYS', '*').split('\n');
    return names.filter((name) => name.endsWith(`:${kind}`));
  };
  const refusals = () => said.filter((text) => /Security Policy|X-Frame-Options|frame/i.test(text));

  async function signInHere(): Promise<void> {
    await page.goto(`${site.url}/profile`);
    await page.getByTestId(`person-${ADA}`).click();
    await page.getByTestId('sign-in').click();
    await page.getByTestId('accept').click();
    await page.waitForURL(`${site.url}/profile`);
    expect(await page.locator('body').innerText()).to.include('Ada Example');
  }

  /** The authority knows the person by now, and asks for a consent at most. */
  async function signInAtOtherApp(): Promise<void> {
    const query = {
      client_id: OTHER_APP,
      response_type: 'code',
      redirect_uri: `${otherApp.url}/done`,
      scope: 'openid profile',
      login_hint: ADA,
    };
    await page.goto(`${sandbox.url}common/oauth2/v2.0/authorize?${new URLSearchParams(query)}`);
    const accept = page.getByTestId('accept');
    if (await accept.isVisible()) await accept.click();
    await page.waitForURL(/\/done\?code=/);
  }

  it('a cookie that other browsers give to a frame of another site does not arrive', async () => {
    const open = await launchProfile('allowed');
    try {
      for (const [each, expected] of [
        [open, 'for-frames=1'],
        [context, undefined],
      ] as const) {
        const cookie = { name: 'for-frames', value: '1', domain: 'localhost', path: '/' };
        await each.addCookies([{ ...cookie, sameSite: 'None', secure: true }]);
        const window = await aPage(each);
        await window.goto(`${otherApp.localUrl}/echo`);
        await window.goto(`${otherApp.url}/frame?of=${otherApp.localUrl}/echo`);
        const [alone, framed] = otherApp.echoed.splice(0);
        expect(alone).to.deep.equal({ destination: 'document', cookie: 'for-frames=1' });
        expect(framed).to.deep.equal({ destination: 'iframe', cookie: expected });
      }
    } finally {
      await open.close();
    }
  });

  it('a person who signs out at the authority, from another app, is signed out here', async () => {
    await signInHere();
    await signInAtOtherApp();
    expect(recordsOf('account')).to.have.length(1);
    expect(recordsOf('session')).to.have.length(1);

    const frames: Request[] = [];
    page.on('request', (request) => {
      if (request.url().startsWith(`${site.url}/`)) frames.push(request);
    });
    const query = new URLSearchParams({ client_id: OTHER_APP, logout_hint: ADA });
    await page.goto(`${sandbox.url}common/oauth2/v2.0/logout?${query}`);
    expect(await page.getByTestId('signed-out').isVisible()).to.equal(true);
    const [frame, ...others] = frames;
    if (!frame) expect.fail('the page of the authority framed nothing of ours');
    expect(others).to.deep.equal([]);
    const answer = await frame.response();
    expect(await frame.allHeaders())
      .to.include({ 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' })
      .and.not.have.property('cookie');
    expect(frame.url()).to.match(/\/signout-oidc\?sid=[\w-]+$/);
    expect(answer?.status()).to.equal(200);
    const shown = await page.frame({ url: frame.url() })?.evaluate('document.body.innerText');
    expect(shown).to.equal('Signed out.');
    expect(refusals()).to.deep.equal([]);

    for (const kind of ['account', 'session', 'lease']) {
      expect(recordsOf(kind), kind).to.deep.equal([]);
    }
    expect((await context.cookies(site.url)).map(({ name }) => name)).to.include('concierge');
    await page.goto(`${site.url}/profile`);
    expect(new URL(page.url()).hostname).to.equal('127.0.0.1');
    expect(await page.getByTestId('heading').innerText()).to.equal('Sign in');
  });

  it('no other page of ours can be framed, whoever is signed in', async () => {
    await signInHere();
    for (const path of ['/', '/profile', '/account', '/signout-callback-oidc', '/nowhere']) {
      said.length = 0;
      await page.goto(`${otherApp.url}/frame?of=${site.url}${path}`);
      const framed = page.frames().find((frame) => frame !== page.mainFrame());
      // Still empty where the frame has not come to its page yet.
      await framed?.waitForURL(/^chrome-error:/, { waitUntil: 'commit' });
      expect(framed?.url(), path).to.match(/^chrome-error:/);
      expect(refusals().join(), path).to.include("frame-ancestors 'none'");
    }
    said.length = 0;
    await page.goto(`${otherApp.url}/frame?of=${site.url}/signout-oidc`);
    expect(refusals()).to.deep.equal([]);
    await page.goto(`${site.url}/profile`);
    expect(page.url()).to.equal(`${site.url}/profile`);
  });
});

/** Where the person was sent back to after the sign-in at another app; it frames, and echoes cookies. */
async function startOtherApp() {
  const echoed: { destination: string; cookie: string | undefined }[] = [];
  const server: Server = createServer(({ url = '/', headers }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://other.test');
    if (pathname === '/echo') {
      const destination = String(headers['sec-fetch-dest']);
      echoed.push({ destination, cookie: headers.cookie });
    }
    response.setHeader('content-type', 'text/html');
    const of = searchParams.get('of');
    response.end(of ? `<iframe src="${of}"></iframe>` : 'The other app.');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** The same server as a host that the site shares its cookies with. */
    localUrl: `http://localhost:${address.port}`,
    echoed,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

type OtherApp = Awaited<ReturnType<typeof startOtherApp>>;
