/** Signing out in a real browser: here and at the authority, everywhere, and of one account of two. */
import { expect } from 'chai';
import { type Browser, type BrowserContext, type Page, selectors } from 'playwright-core';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { launchChromium } from '../support/chromium.ts';
import { type Site, startSandboxedSite } from '../support/site.ts';

const ADA = 'ada@contoso.example';
const CLEO = 'cleo@fabrikam.example';

describe('In Chromium, signing out', function () {
  this.timeout(60_000);
  let browser: Browser;
  let site: Site;
  let sandbox: Sandbox;
  const contexts: BrowserContext[] = [];
  const broken: string[] = [];

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
      if (/Content Security Policy/.test(message.text())) broken.push(message.text());
    });
    return page;
  }

  const at = (path: string) => `${site.url}${path}`;
  const text = (page: Page) => page.locator('main').innerText();
  const heading = (page: Page) => page.getByTestId('heading').innerText();
  const isAtAuthority = (page: Page) => new URL(page.url()).hostname === '127.0.0.1';
  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });

  /** From any page of the authority that asks who it is, back to `end`. */
  async function signIn(page: Page, username: string, end: string): Promise<void> {
    await page.getByTestId(`person-${username}`).click();
    await page.getByTestId('sign-in').click();
    const accept = page.getByTestId('accept');
    if (await accept.isVisible()) await accept.click();
    await page.waitForURL(at(end));
  }

  async function open(page: Page, username = ADA): Promise<Page> {
    await page.goto(at('/profile'));
    await signIn(page, username, '/profile');
    return page;
  }

  /** Presses Tab until the focus is on it, as someone without a mouse does. */
  async function tabTo(page: Page, name: string): Promise<void> {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press('Tab');
      const focused = page.locator(':focus');
      const words = (await focused.getAttribute('aria-label')) ?? (await focused.innerText());
      if (words.replaceAll(/\s+/g, ' ').startsWith(name)) return;
    }
    throw new Error(`no Tab leads to ${name} on ${page.url()}`);
  }

  it('by the button in the header goes on to the authority and comes back signed out', async () => {
    const page = await open(await aBrowser());
    const hops: string[] = [];
    page.on('request', (request) => hops.push(request.url()));
    await page.locator('header').getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/signout-callback-oidc/);
    expect(await text(page)).to.include('You are signed out');
    expect(page.url().startsWith(site.url)).to.equal(true);
    const signedOutThere = hops.find((url) => url.includes('/oauth2/v2.0/logout'));
    expect(signedOutThere).to.include(sandbox.url).and.include('logout_hint=O.');

    await page.goto(at('/profile'));
    expect(isAtAuthority(page)).to.equal(true);
    expect(await heading(page)).to.equal('Sign in');
  });

  it('here, and not at the authority, which then asks which account is meant', async () => {
    const page = await open(await aBrowser());
    await page.route('**/oauth2/v2.0/logout**', (route) => route.abort());
    await page.locator('header').getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Stay here' }).click();
    await page.goto(at('/profile'));
    expect(isAtAuthority(page)).to.equal(true);
    expect(await heading(page)).to.equal('Pick an account');
    await page.getByTestId(`account-${ADA}`).click();
    await page.waitForURL(at('/profile'));
    expect(await text(page)).to.include('Ada Example');
  });

  it('everywhere ends the session of another browser at its next click', async () => {
    const [laptop, phone, other] = [await aBrowser(), await aBrowser(), await aBrowser()];
    await open(laptop);
    await open(phone);
    await open(other, CLEO);
    const cookies = await phone.context().cookies(site.url);
    await laptop.goto(at('/account'));
    await button(laptop, 'Sign out everywhere').click();
    await laptop.getByRole('heading', { name: 'You are signed out everywhere' }).waitFor();

    // Its own session at the authority lives on, and so the person may be asked nothing there.
    const hops: string[] = [];
    phone.on('request', (request) => hops.push(request.url()));
    await phone.getByRole('link', { name: 'Profile' }).click();
    await phone.waitForURL(at('/profile'));
    expect(hops.slice(0, 2)).to.deep.equal([at('/profile'), at('/sign-in?returnTo=%2Fprofile')]);
    expect(hops.join()).to.include('/oauth2/v2.0/authorize?');

    const thief = await aBrowser();
    await thief.context().addCookies(cookies);
    await thief.goto(at('/profile'));
    expect(await heading(thief)).to.equal('Sign in');
    await other.goto(at('/'));
    expect(await text(other)).to.include('Hello, Cleo');
  });

  it('of one account of two, chosen with the mouse, leaves the other', async () => {
    const page = await open(await aBrowser());
    await page.goto(at('/account'));
    await page.getByRole('link', { name: 'Add another account' }).click();
    await page.getByTestId('other-account').click();
    await signIn(page, CLEO, '/account');
    expect(await page.locator('header').innerText()).to.include('Cleo');

    await button(page, /^Go on as Ada/).click();
    await page.waitForURL(at('/account?done=switched'));
    expect(await page.getByRole('status').innerText()).to.equal(
      'You have switched to this account.',
    );
    await page.goto(at('/profile'));
    expect(await text(page)).to.include('Ada Example');

    await page.goto(at('/account'));
    await button(page, /^Sign out Ada/).click();
    await page.waitForURL(/signout-callback-oidc/);
    await page.goto(at('/'));
    expect(await text(page)).to.include('Which account?');
    await button(page, /^Go on as Cleo/).click();
    await page.waitForURL(/\/account/);
    await page.goto(at('/profile'));
    expect(await text(page))
      .to.include('Cleo Placeholder')
      .and.not.include('Ada');
  });

  it('and choosing an account need no mouse', async () => {
    const page = await open(await aBrowser());
    await page.goto(at('/account'));
    await tabTo(page, 'Add another account');
    await page.keyboard.press('Enter');
    await page.getByTestId('other-account').click();
    await signIn(page, CLEO, '/account');

    await tabTo(page, 'Go on as Ada');
    await page.keyboard.press('Enter');
    await page.waitForURL(at('/account?done=switched'));
    expect(await page.locator('header').innerText()).to.include('Ada Example');

    await tabTo(page, 'Sign out Cleo');
    await page.keyboard.press('Space');
    await page.waitForURL(at('/'));
    await page.goto(at('/account'));
    expect(await text(page))
      .to.include('Ada Example')
      .and.not.include('Cleo');

    await page.goto(at('/'));
    await tabTo(page, 'Sign out');
    await page.keyboard.press('Enter');
    await page.waitForURL(/signout-callback-oidc/);
    expect(await text(page)).to.include('You are signed out');
  });
});
