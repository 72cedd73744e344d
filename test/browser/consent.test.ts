/** Consent, step-up and claims challenges in a real browser: people keep their place, and are never sent in circles. */
import { expect } from 'chai';
import { type Browser, type BrowserContext, type Page, selectors } from 'playwright-core';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { launchChromium } from '../support/chromium.ts';
import { type Site, sandboxEnvironment, startSite } from '../support/site.ts';
import { freePort } from '../support/site-process.ts';

const ADA = 'ada@contoso.example';
const BEN = 'ben@contoso.example';

describe('In Chromium, what a page needs', function () {
  this.timeout(60_000);
  let browser: Browser;
  let site: Site;
  let sandbox: Sandbox;
  let context: BrowserContext;
  let page: Page;
  const broken: string[] = [];

  before(async () => {
    selectors.setTestIdAttribute('data-test');
    browser = await launchChromium();
  });
  after(() => browser.close());

  beforeEach(async () => {
    sandbox = await startSandbox();
    const port = await freePort();
    site = await startSite({
      ...sandboxEnvironment(sandbox, port),
      AzureAd__ClientCapabilities: 'cp1',
      // An API of the same Graph whose scope only an administrator can allow.
      DownstreamApis__Members__BaseUrl: sandbox.graphUrl,
      DownstreamApis__Members__RelativePath: '/me/transitiveMemberOf',
      DownstreamApis__Members__Scopes: 'GroupMember.Read.All',
    });
  });
  afterEach(async () => {
    await context.close();
    await site.close();
    await sandbox.close();
    expect(broken.splice(0)).to.deep.equal([]);
  });

  const at = (path: string) => `${site.url}${path}`;
  const click = (name: string) => page.getByTestId(name).click();
  const text = () => page.locator('main').innerText();
  /** How often the person was sent to the authority. */
  const roundTrips = () =>
    sandbox.requests.filter(({ endpoint }) => endpoint === 'authorize').length;

  async function identify(username: string): Promise<void> {
    await click(`person-${username}`);
    await click('sign-in');
  }

  async function signIn(username: string): Promise<void> {
    context = await browser.newContext();
    context.setDefaultTimeout(10_000);
    page = await context.newPage();
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) broken.push(message.text());
    });
    await page.goto(at('/sign-in'));
    await identify(username);
    await click('accept');
    await page.waitForURL(at('/'));
  }

  /** What an administrator does with the link that they were sent, in a browser of their own. */
  async function openAsAdministrator(decision: 'accept' | 'cancel'): Promise<string> {
    const link = page.getByRole('link', { name: 'consent for your organisation' });
    const href = await link.getAttribute('href');
    const other = await browser.newContext();
    try {
      const theirs = await other.newPage();
      await theirs.goto(at(href ?? ''));
      await theirs.getByTestId(`person-${ADA}`).click();
      await theirs.getByTestId('sign-in').click();
      await theirs.getByTestId(decision).click();
      await theirs.waitForURL((url) => url.origin === site.url);
      return await theirs.locator('main').innerText();
    } finally {
      await other.close();
    }
  }

  it('and only an administrator can allow is asked of one, and the page goes on where it was', async () => {
    await signIn(BEN);
    await page.goto(at('/apis/members?tab=2'));
    expect(await page.getByTestId('heading').innerText()).to.equal('Need admin approval');
    await click('cancel');
    expect(await text())
      .to.include('You said no')
      .and.include('GroupMember.Read.All');
    expect(await openAsAdministrator('cancel')).to.include('Your organisation has not agreed');
    const said = await openAsAdministrator('accept');
    expect(said).to.include('Your organisation has agreed').and.include('GroupMember.Read.All');
    await page.getByRole('link', { name: 'Ask me again' }).click();
    await page.waitForURL(at('/apis/members?tab=2'));
    expect(await text()).to.include('Members');
    await page.goto(at('/account'));
    expect(await text(), 'nobody was switched')
      .to.include(BEN)
      .and.not.include(ADA);
  });

  async function permitSending(): Promise<void> {
    await page.goto(at('/mail/send'));
    expect(await text()).to.include('once you permit it');
    await page.getByRole('link', { name: 'Permit sending' }).click();
    await click('accept');
    await page.waitForURL(at('/mail/send'));
  }

  it('is asked when a form is sent, of which nothing is lost and nothing is sent unseen', async () => {
    await signIn(ADA);
    await permitSending();
    await page.getByLabel('Subject').fill('Tea & <biscuits>');
    await page.getByLabel('Message').fill('At four.\nBring "both".');
    // Taken back at Microsoft while the person writes.
    sandbox.controls.revokeConsents(ADA);
    sandbox.controls.expireAccessTokens();
    await page.getByRole('button', { name: 'Send' }).click();
    expect(await text())
      .to.include('One more step')
      .and.include('Mail.Send');
    await page.getByRole('link', { name: 'Continue' }).click();
    await click('accept');
    await page.getByRole('heading', { name: 'Send it now?' }).waitFor();
    expect(await text())
      .to.include('Tea & <biscuits>')
      .and.include('Bring "both".');
    expect(sandbox.sentMail).to.deep.equal([]);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.waitForURL(/done=sent/);
    expect(sandbox.sentMail).to.have.length(1);
    expect(sandbox.sentMail[0]).to.include({ from: ADA, subject: 'Tea & <biscuits>' });
    expect(sandbox.sentMail[0]?.content.replaceAll('\r', '')).to.include('At four.\nBring "both".');
  });

  it('of a form whose session ended in another tab is kept, too, for the same account only', async () => {
    await signIn(ADA);
    await permitSending();
    await page.getByLabel('Subject').fill('Kept');
    await page.getByLabel('Message').fill('For later.');
    const tab = await context.newPage();
    await tab.goto(at('/'));
    await tab.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
    await tab.waitForURL(/signout-callback-oidc/);
    await page.bringToFront();
    await page.getByRole('button', { name: 'Send' }).click();
    expect(await text()).to.include('you have to sign in');
    await page.getByRole('link', { name: 'Continue' }).click();
    await identify(ADA);
    await page.getByRole('heading', { name: 'Send it now?' }).waitFor();
    expect(await text()).to.include('For later.');
    const form = page.url();
    await page.goto(at('/sign-in'));
    await click('other-account');
    await identify(BEN);
    await click('accept');
    await page.waitForURL(at('/'));
    await page.goto(form);
    expect(await text())
      .to.include('There is nothing here')
      .and.not.include('For later.');
  });

  it('is asked once: the same again within a minute ends on a page that says so', async () => {
    await signIn(ADA);
    await page.goto(at('/mail'));
    await click('accept');
    await page.waitForURL(at('/mail'));
    // The consent is there and counts for nothing: an authority that forgets.
    const before = roundTrips();
    sandbox.controls.revokeConsents(ADA);
    sandbox.controls.expireAccessTokens();
    await page.goto(at('/mail'));
    expect(await text())
      .to.include('That was not enough')
      .and.include('Mail.Read');
    expect(roundTrips()).to.equal(before);
    await page.getByRole('link', { name: 'Try once more' }).click();
    await click('accept');
    await page.waitForURL(at('/mail'));
  });

  it('after a revocation is got silently, in the middle of use', async () => {
    await signIn(ADA);
    await page.goto(at('/profile?tab=1'));
    const before = roundTrips();
    sandbox.controls.challenge('graph', 'revoked');
    await page.reload();
    expect(page.url()).to.equal(at('/profile?tab=1'));
    expect(await text()).to.include('Ada Example');
    expect(roundTrips()).to.equal(before);
  });

  it('besides a token is asked of the person in one round trip, and back to the same place', async () => {
    await signIn(ADA);
    await page.goto(at('/profile?tab=1'));
    const before = roundTrips();
    sandbox.controls.challenge('graph', 'authentication-context');
    await page.goto(at('/profile?tab=1'));
    expect(await page.getByTestId('heading').innerText()).to.equal('Approve sign-in request');
    await click('approve');
    await page.waitForURL(at('/profile?tab=1'));
    expect(await text()).to.include('Ada Example');
    expect(roundTrips()).to.equal(before + 1);
    await page.reload();
    expect(roundTrips()).to.equal(before + 1);
  });
});
