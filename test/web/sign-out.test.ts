/** Signing out: here at once, then at the authority, and asked which account next time. */
import { expect } from 'chai';
import { Unavailable } from '../../src/errors.ts';
import { aWeb, needsConsent, type Web } from './a-web.ts';

describe('Signing out', () => {
  let web: Web;
  beforeEach(async () => {
    web = await aWeb();
  });
  afterEach(() => web.close());

  it('ends session, account and cookie here, and leads on to the authority', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const old = browser.copy();
    const answer = await browser.signOut();
    expect(answer.status).to.equal(200);
    expect(answer.text).to.include('You are signed out').and.not.include('Ada');
    const url = 'https://authority.test/logout?logout_hint=opaque-hint-of-ada';
    expect(answer.headers['refresh']).to.equal(`2;url=${url}`);
    expect(answer.text).to.include(`href="${url}"`);
    expect(answer.headers['clear-site-data']).to.equal('"cache"');
    expect(browser.jar.has('concierge')).to.equal(false);
    expect(web.broker.accounts.size).to.equal(0);
    for (const each of [browser, old]) {
      expect((await each.open('/profile')).status).to.equal(302);
      expect((await each.open('/')).text)
        .to.include('Sign in')
        .and.not.include('Ada');
    }
  });

  it('ends one session of an account, and not another’s', async () => {
    const [here, there] = [web.aBrowser(), web.aBrowser()];
    await here.signIn();
    await there.signIn();
    await here.signOut();
    expect((await there.open('/')).text).to.include('Hello, Ada');
    expect(web.broker.accounts.size).to.equal(1);
  });

  it('works while the authority is away', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.authority.fault.endSessionUrl = new Unavailable('The sign-in service does not answer.');
    const answer = await browser.signOut();
    expect(answer.status).to.equal(200);
    expect(answer.headers).not.to.have.property('refresh');
    expect((await browser.open('/profile')).status).to.equal(302);
  });

  it('does not wait long for an authority that is silent', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.authority.isSilent = true;
    const startedAt = performance.now();
    const answer = await browser.signOut();
    expect(answer.status).to.equal(200);
    expect(performance.now() - startedAt).to.be.below(4000);
    expect((await browser.open('/profile')).status).to.equal(302);
  });

  it('is not claimed while the store is away, and can be done again', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.store.isDown = true;
    const answer = await browser.signOut();
    expect(answer.status).to.equal(503);
    expect(browser.jar.has('concierge')).to.equal(true);
    expect(answer.headers).not.to.have.property('refresh');
    web.store.isDown = false;
    expect((await browser.signOut()).status).to.equal(200);
  });

  it('may be done twice', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    await browser.signOut();
    const again = await browser.signOut();
    expect(again.status).to.equal(200);
    expect(again.headers).not.to.have.property('refresh');
  });

  it('makes the next sign-in ask which account, without a hint, and only that one', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    await browser.signOut();
    await browser.signIn('/sign-in?login_hint=ada%40contoso.example');
    expect(web.authority.asked[1]?.prompt).to.equal('select_account');
    expect(web.authority.asked[1]?.loginHint).to.equal(undefined);
    expect(browser.jar.has('concierge-signed-out')).to.equal(false);
  });

  it('ends the sign-ins and consents that are open in other tabs', async () => {
    const browser = web.aBrowser();
    const signIn = await browser.begin('/sign-in');
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    const consent = await browser.begin('/mail');
    const redeemed = web.authority.redeemed.length;
    await browser.signOut();
    for (const begin of [async () => '', () => browser.begin()]) {
      await begin();
      for (const path of [signIn, consent]) {
        const answer = await browser.open(path);
        expect(answer.status).to.equal(400);
        expect(answer.text).to.include('before you signed out');
      }
    }
    expect(web.authority.redeemed).to.have.length(redeemed);
    expect(browser.jar.has('concierge')).to.equal(false);
    expect((await browser.signIn()).status).to.equal(303);
  });

  it('ends the same account’s sign-in that is being completed in another tab', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const callback = await browser.begin();
    const tab = browser.copy();
    web.authority.onRedeem = async () => {
      expect((await tab.signOut()).status).to.equal(200);
    };
    const late = await browser.open(callback);
    expect(late.status).to.equal(400);
    expect(late.text).to.include('You were signed out while this sign-in was under way');
    expect(web.broker.accounts.size).to.equal(0);
    expect((await browser.open('/profile')).status).to.equal(302);
  });

  it('leaves nothing of the account, though a sign-in of it could not be completed before', async () => {
    const browser = web.aBrowser();
    const callback = await browser.begin();
    web.authority.onRedeem = async () => {
      let writes = 0;
      web.store.beforeReplace = async () => {
        writes += 1;
        if (writes === 2) throw web.store.failure;
      };
    };
    expect((await browser.open(callback)).status).to.equal(503);
    web.authority.onRedeem = async () => {};
    web.store.beforeReplace = async () => {};
    await browser.signIn();
    await browser.signOut();
    expect(web.broker.accounts.size).to.equal(0);
  });

  it('is told once, though two do it at once and the authority tells of it, too', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const tab = browser.copy();
    web.store.beforeReplace = async () => {
      web.store.beforeReplace = async () => {};
      await tab.signOut();
    };
    await browser.signOut();
    await web.aBrowser().open('/signout-oidc?sid=sid-1');
    expect(web.log().match(/"event":"sign_out"/g)).to.have.length(1);
  });

  it('is not done by a GET', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const answer = await browser.open('/sign-out');
    expect(answer.status).to.equal(405);
    expect(answer.headers['allow']).to.equal('POST');
    expect((await browser.open('/')).text).to.include('Hello, Ada');
  });

  it('comes back from the authority to a page that says so', async () => {
    const browser = web.aBrowser();
    expect((await browser.open('/signout-callback-oidc')).text).to.include('You are signed out');
    await browser.signIn();
    expect((await browser.open('/signout-callback-oidc')).location).to.equal('/');
  });
});
