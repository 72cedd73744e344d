/** A posted answer in a real browser: its form is cross-site and comes without cookies, and yet signs in. */
import { expect } from 'chai';
import { type Browser, selectors } from 'playwright-core';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { launchChromium } from '../support/chromium.ts';
import { type Site, startSandboxedSite } from '../support/site.ts';

describe('In Chromium, with posted answers', function () {
  this.timeout(60_000);
  let browser: Browser;
  let site: Site;
  let sandbox: Sandbox;

  before(async () => {
    selectors.setTestIdAttribute('data-test');
    browser = await launchChromium();
    ({ site, sandbox } = await startSandboxedSite({ AzureAd__ResponseMode: 'form_post' }));
  });
  after(async () => {
    await browser.close();
    await site.close();
    await sandbox.close();
  });

  it('a person signs in although the form brings no cookie', async () => {
    const context = await browser.newContext();
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const callbacks: { method: string; headers: Record<string, string>; url: string }[] = [];
    const reading: Promise<unknown>[] = [];
    page.on('request', (request) => {
      if (!request.url().includes('/signin-oidc')) return;
      const [method, url] = [request.method(), request.url()];
      reading.push(
        request.allHeaders().then((headers) => callbacks.push({ method, headers, url })),
      );
    });

    await page.goto(`${site.url}/profile?tab=1`);
    expect(new URL(page.url()).hostname).to.equal('127.0.0.1');
    await page.getByTestId('person-ada@contoso.example').click();
    await page.getByTestId('sign-in').click();
    await page.getByTestId('accept').click();
    await page.waitForURL(`${site.url}/profile?tab=1`);
    expect(await page.locator('body').innerText()).to.include('Ada Example');

    await Promise.all(reading);
    const posted = callbacks.find(({ method }) => method === 'POST');
    const followed = callbacks.find(({ method }) => method === 'GET');
    expect(callbacks).to.have.length(2);
    expect(posted?.headers).to.include({ 'sec-fetch-site': 'cross-site' });
    expect(posted?.headers).not.to.have.property('cookie');
    expect(followed?.headers['cookie']).to.match(/concierge-tx=/);
    expect(callbacks.map(({ url }) => url).join()).not.to.contain('code=');
    await context.close();
  });
});
