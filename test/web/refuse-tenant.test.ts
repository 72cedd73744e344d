/** Whoever signs in to a tenant that the site is not open to: told so, and nothing kept. */
import { expect } from 'chai';
import type { FailedSignIn } from '../../src/hooks.ts';
import { ADA, aWeb, BOB, needsConsent, type Web } from './a-web.ts';

const HERE = '5d3a1b0e-7c41-4e5b-9a57-0f1c8a2e6b01';
const ELSEWHERE = '8e6f2c94-1d7b-4f0a-b3c8-61d5e9a07f02';
const PERSONAL = '9188040d-6c67-4c5b-b112-36a304b66dad';

describe('A tenant that is not let in', () => {
  let web: Web;
  const failures: FailedSignIn[] = [];
  const asked: string[] = [];
  beforeEach(async () => {
    failures.length = 0;
    asked.length = 0;
    web = await aWeb({
      tenants: { allowed: [HERE] },
      hooks: {
        onSignIn: ({ id }) => void asked.push(id),
        onSignInFailed: (failure) => void failures.push(failure),
      },
    });
    web.authority.identity = { ...BOB, tenantId: ELSEWHERE };
  });
  afterEach(() => web.close());

  it('is answered 403 with a page that names who signed in where, and the ways on', async () => {
    const page = await web.aBrowser().signIn('/sign-in?returnTo=%2Fmail');
    expect(page.status).to.equal(403);
    expect(page.text)
      .to.include('This site is not open to your organisation')
      .and.include('bob@contoso.example')
      .and.include(ELSEWHERE)
      .and.include('ask your administrator')
      .and.include('href="/sign-in?prompt=select_account&amp;returnTo=%2Fmail"');
  });

  it('keeps nothing of the person, asks no hook, and lets nobody in', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    expect(web.broker.kept).to.deep.equal([]);
    expect(asked).to.deep.equal([]);
    expect([...browser.jar.keys()]).not.to.include('concierge');
    expect((await browser.open('/')).text).not.to.include('Bob');
  });

  it('is audited and told to the hook with its own reason, the account and the tenant', async () => {
    await web.aBrowser().signIn();
    expect(failures).to.have.length(1);
    const facts = { reason: 'tenant-not-allowed', account: 'bob.tenant', tenantId: ELSEWHERE };
    expect(failures[0]).to.include(facts);
    const events = web
      .log()
      .split('\n')
      .filter((line) => line.includes('"audit":true'));
    expect(events).to.have.length(1);
    expect(JSON.parse(events[0] ?? '')).to.include({ event: 'sign_in_failed', ...facts });
  });

  it('leaves whoever was signed in here signed in', async () => {
    const browser = web.aBrowser();
    web.authority.identity = { ...ADA, tenantId: HERE };
    await browser.signIn();
    web.authority.identity = { ...BOB, tenantId: ELSEWHERE };
    expect((await browser.signIn()).status).to.equal(403);
    expect((await browser.open('/')).text).to.include('Hello, Ada');
  });

  it('is not offered as an account to go on with, where another one was expected', async () => {
    const browser = web.aBrowser();
    web.authority.identity = { ...ADA, tenantId: HERE };
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    web.authority.identity = { ...BOB, tenantId: ELSEWHERE };
    const page = await browser.signIn('/mail');
    expect(page.status).to.equal(403);
    expect(page.text).to.include('not open to your organisation');
  });

  it('is let in where it is on the list, in whatever case, and shut out when it is denied', async () => {
    web.authority.identity = { ...ADA, tenantId: HERE.toUpperCase() };
    expect((await web.aBrowser().signIn()).status).to.equal(303);
    await web.close();
    web = await aWeb({ tenants: { denied: [HERE] } });
    web.authority.identity = { ...ADA, tenantId: HERE };
    expect((await web.aBrowser().signIn()).status).to.equal(403);
    web.authority.identity = { ...BOB, tenantId: ELSEWHERE };
    expect((await web.aBrowser().signIn()).status).to.equal(303);
  });

  it('is named as what it is for a personal account', async () => {
    web.authority.identity = { ...BOB, tenantId: PERSONAL };
    const page = await web.aBrowser().signIn();
    expect(page.text)
      .to.include('not open to personal accounts')
      .and.include('work or school')
      .and.not.include(PERSONAL);
  });

  it('is shown as text, whatever a name holds', async () => {
    web.authority.identity = { ...BOB, tenantId: ELSEWHERE, username: '<b>bob</b>' };
    const page = await web.aBrowser().signIn();
    expect(page.text).to.include('&lt;b&gt;bob&lt;/b&gt;').and.not.include('<b>bob');
  });

  it('is the same to a plain authority, which has none and lists none', async () => {
    await web.close();
    web = await aWeb();
    web.authority.identity = { ...ADA, tenantId: undefined };
    expect((await web.aBrowser().signIn()).status).to.equal(303);
  });
});
