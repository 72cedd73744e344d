/** The account page of a site before a sandbox: tokens that are got, removed and renewed for real. */
import { expect } from 'chai';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { systemClock } from '../../src/clock.ts';
import { passSandbox, type Site, startSandboxedSite } from '../support/site.ts';
import { type Page, Visitor } from '../support/visitor.ts';

const ADA = 'ada@contoso.example';
const EXPIRED = /Graph +<span class="badge">expired/;
const FRESH = /Graph +<span class="badge soft">fresh/;

describe('The account page, with a sandbox', () => {
  let site: Site;
  let sandbox: Sandbox;
  let visitor: Visitor;

  beforeEach(async () => {
    ({ site, sandbox } = await startSandboxedSite());
    visitor = new Visitor();
  });
  afterEach(async () => {
    await site.close();
    await sandbox.close();
  });

  async function open(path: string): Promise<Page> {
    return await passSandbox(visitor, await visitor.open(`${site.url}${path}`), ADA);
  }
  const press = (page: Page, button: string) => visitor.submit(page, `aria-label="${button}`);

  /** Signs in with a token that soon expires, and waits for that. */
  async function signInExpired(): Promise<Page> {
    sandbox.controls.setAccessTokenSeconds(1);
    let page = await open('/account');
    sandbox.controls.setAccessTokenSeconds(3600);
    while (!EXPIRED.test(page.text)) {
      expect(page.text).to.include('Refresh now: Graph');
      await systemClock.sleep(20);
      page = await open('/account');
    }
    return page;
  }

  it('shows the tokens that are kept, without one that is removed until a page needs it', async () => {
    const page = await open('/account');
    expect(page.text).to.match(FRESH).and.include('see your profile <code>User.Read</code>');
    const removed = await press(page, 'Remove: Graph');
    expect(removed.url.search).to.equal('?done=removed');
    expect(removed.text).to.include('No tokens.');
    expect((await open('/profile')).status).to.equal(200);
    expect((await open('/account')).text).to.match(FRESH);
  });

  it('renews a token', async () => {
    const renewed = await press(await signInExpired(), 'Refresh now: Graph');
    expect(renewed.url.search).to.equal('?done=refreshed');
    expect(renewed.text).to.match(FRESH);
  });

  it('loses nothing while the authority is away', async () => {
    const page = await signInExpired();
    sandbox.controls.outage('authority', '503json');
    const failed = await press(page, 'Refresh now: Graph');
    expect(failed.status).to.equal(503);
    sandbox.controls.mendAll();
    expect((await press(page, 'Refresh now: Graph')).text).to.match(FRESH);
  });

  it('leads through a consent that was taken back, and to itself again', async () => {
    const page = await signInExpired();
    sandbox.controls.revokeConsents(ADA);
    const asked = await press(page, 'Refresh now: Graph');
    expect(asked.status).to.equal(401);
    const link = /href="(\/sign-in\?[^"]+)"/.exec(asked.text)?.[1] ?? '';
    const back = await open(link.replaceAll('&amp;', '&'));
    expect(back.url.pathname).to.equal('/account');
    expect(back.text).to.match(FRESH);
  });

  it('shows the sessions of several browsers', async () => {
    await open('/account');
    const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';
    const other = new Visitor();
    const start = await other.open(`${site.url}/account`, { 'user-agent': userAgent });
    await passSandbox(other, start, ADA);
    const { text } = await open('/account');
    expect(text.match(/name="session"/g)).to.have.length(2);
    expect(text.match(/this one/g)).to.have.length(1);
  });
});
