/** The main job in a real browser: two people, consent, data, decline, back button, tabs, sign-out. */
import { expect } from 'chai';
import { type Browser, type BrowserContext, type Page, selectors } from 'playwright-core';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { launchChromium } from '../support/chromium.ts';
import { type Site, startSandboxedSite } from '../support/site.ts';

const ADA = 'ada@contoso.example';
const CLEO = 'cleo@fabrikam.example';

describe('In Chromium', function () {
  this.timeout(60_000);
  let browser: Browser;
  let site: Site;
  let sandbox: Sandbox;
  const contexts: BrowserContext[] = [];

  before(async () => {
    selectors.setTestIdAttribute('data-test');
    browser = await launchChromium();
  });
  after(() => browser.close());

  beforeEach(async () => {
    ({ site, sandbox } = await startSandboxedSite());
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    await site.close();
    await sandbox.close();
    expect(broken.splice(0)).to.deep.equal([]);
  });

  async function aBrowser(): Promise<Page> {
    const context = await browser.newContext();
    contexts.push(context);
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    page.on('console', (message) => {
      // A page that needs what its own policy refuses is broken.
      if (/Content Security Policy/.test(message.text())) broken.push(message.text());
    });
    return page;
  }
  const broken: string[] = [];

  /** Through the sandbox's pages, up to its consent page if there is one. */
  async function identify(page: Page, username: string): Promise<void> {
    await page.getByTestId(`person-${username}`).click();
    await page.getByTestId('sign-in').click();
  }
  const accept = (page: Page) => page.getByTestId('accept').click();
  const cancel = (page: Page) => page.getByTestId('cancel').click();
  const at = (path: string) => `${site.url}${path}`;
  const text = (page: Page) => page.locator('body').innerText();

  it('two people sign in side by side, consent, and each sees their own profile and photo', async () => {
    const [ada, cleo] = [await aBrowser(), await aBrowser()];
    for (const [page, username] of [
      [ada, ADA],
      [cleo, CLEO],
    ] as const) {
      await page.goto(at('/'));
      await page
        .getByRole('link', { name: /sign in/i })
        .first()
        .click();
      await identify(page, username);
      expect(await text(page)).to.match(/read your profile/i);
      await accept(page);
      await page.waitForURL(at('/'));
      await page.goto(at('/profile'));
    }
    expect(await text(ada))
      .to.include('Ada Example')
      .and.not.include('Cleo');
    expect(await text(cleo))
      .to.include('Cleo Placeholder')
      .and.not.include('Ada');
    const photo = ada.locator('img[src="/profile/photo"]');
    await photo.waitFor();
    expect(
      await photo.evaluate((image) => 'naturalWidth' in image && image.naturalWidth),
    ).to.be.above(0);
  });

  it('mail asks for a second consent, only when it is opened, and to-dos for their own', async () => {
    const page = await aBrowser();
    await page.goto(at('/profile'));
    await identify(page, ADA);
    expect(await text(page)).not.to.match(/read your mail/i);
    await accept(page);
    await page.goto(at('/mail'));
    expect(await text(page)).to.match(/read your mail/i);
    await accept(page);
    await page.waitForURL(at('/mail'));
    await page.goto(at('/apis/Todos'));
    expect(await text(page)).to.match(/to-dos/i);
    await accept(page);
    await page.waitForURL(at('/apis/Todos'));
    await page.goto(at('/mail'));
    expect(page.url()).to.equal(at('/mail'));
  });

  it('a declined consent is explained, and the person stays signed in', async () => {
    const page = await aBrowser();
    await page.goto(at('/profile'));
    await identify(page, ADA);
    await accept(page);
    await page.goto(at('/mail'));
    await cancel(page);
    await page.waitForURL(/signin-oidc/);
    expect(await text(page)).to.include('Mail.Read');
    await page.goto(at('/profile'));
    expect(await text(page)).to.include('Ada Example');
  });

  it('the back button during a sign-in, and two tabs of it, end signed in', async () => {
    const first = await aBrowser();
    const second = await first.context().newPage();
    await first.goto(at('/profile'));
    await second.goto(at('/apis/Graph'));
    await first.getByTestId(`person-${ADA}`).click();
    await first.getByTestId('sign-in').waitFor();
    await first.goBack();
    await first.getByTestId(`person-${ADA}`).click();
    await first.getByTestId('sign-in').click();
    await accept(first);
    await first.waitForURL(at('/profile'));
    // The authority knows the person by now, and leads the second tab on by itself.
    await second.reload();
    await second.waitForURL(at('/apis/Graph'));
    await first.goBack().catch(() => null);
    await first.goto(at('/profile'));
    expect(await text(first)).to.include('Ada Example');
  });

  it('after sign-out neither the back button nor the cookie shows any data', async () => {
    const page = await aBrowser();
    await page.goto(at('/profile'));
    await identify(page, ADA);
    await accept(page);
    await page.waitForURL(at('/profile'));
    const cookies = await page.context().cookies(site.url);
    await page
      .getByRole('button', { name: /sign out/i })
      .first()
      .click();
    await page.waitForURL(/signout-callback-oidc|\/sign-out/);
    await page.waitForURL(/signout-callback-oidc/);
    expect(await text(page)).to.match(/signed out/i);
    // The page before is the answer to a POST, which Chromium does not show again by itself.
    for (let back = 0; back < 3; back += 1) {
      await page.goBack().catch(() => null);
      const isOurs = page.url().startsWith(site.url);
      if (isOurs) expect(await text(page)).not.to.include('Ada Example');
    }
    await page.goto(at('/profile'));
    expect(new URL(page.url()).hostname).to.equal('127.0.0.1');

    const thief = await aBrowser();
    await thief.context().addCookies(cookies);
    await thief.goto(at('/profile'));
    expect(new URL(thief.url()).hostname).to.equal('127.0.0.1');
  });
});
