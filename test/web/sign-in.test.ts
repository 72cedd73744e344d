/** Signing in: the start, the callback, and all the ways in which a callback is not the right one. */
import { expect } from 'chai';
import { SignInFailed, SignInRequired, Unavailable } from '../../src/errors.ts';
import { ADA, aWeb, BOB, needsConsent, type Web } from './a-web.ts';
import type { Answer } from './browser.ts';

describe('Signing in', () => {
  let web: Web;
  beforeEach(async () => {
    web = await aWeb();
  });
  afterEach(() => web.close());

  it('goes to the authority and comes back to the page with its query', async () => {
    const browser = web.aBrowser();
    const start = await browser.open('/mail?folder=inbox&x=1');
    expect(start.status).to.equal(302);
    expect(start.location).to.equal(
      `/sign-in?returnTo=${encodeURIComponent('/mail?folder=inbox&x=1')}`,
    );
    const end = await browser.signIn(start.location);
    expect(end.status).to.equal(303);
    expect(end.location).to.equal('/mail?folder=inbox&x=1');
    expect((await browser.open('/')).text).to.include('Hello, Ada Example');
  });

  it('asks for the scopes of the settings and redeems those of one resource', async () => {
    await web.close();
    web = await aWeb({ signInScopes: ['User.Read', 'api://todos/Todos.Read', 'Mail.Read'] });
    await web.aBrowser().signIn();
    expect(web.authority.asked[0]?.scopes).to.have.length(3);
    expect(web.authority.asked[0]?.redirectUri.href).to.equal('http://localhost:4000/signin-oidc');
    expect(web.authority.redeemed[0]?.scopes).to.deep.equal(['User.Read', 'Mail.Read']);
    expect(web.broker.kept[0]?.askedScopes).to.deep.equal(['User.Read', 'Mail.Read']);
  });

  it('returns to no other site', async () => {
    for (const evil of [
      '//evil.example',
      'https://evil.example',
      '/\\evil',
      '/%2fevil',
      '/.//evil',
    ]) {
      const browser = web.aBrowser();
      const end = await browser.signIn(`/sign-in?returnTo=${encodeURIComponent(evil)}`);
      expect(end.location, evil).to.equal('/');
    }
  });

  it('returns to no page that begins or ends a sign-in', async () => {
    for (const path of ['/sign-in?returnTo=/mail', '/signin-oidc?code=1', '/sign-out']) {
      const end = await web.aBrowser().signIn(`/sign-in?returnTo=${encodeURIComponent(path)}`);
      expect(end.location, path).to.equal('/');
    }
  });

  it('passes a hint on', async () => {
    await web.aBrowser().open('/sign-in?login_hint=ada%40contoso.example');
    expect(web.authority.asked[0]).to.include({ loginHint: 'ada@contoso.example' });
    expect(web.authority.asked[0]?.prompt).to.equal(undefined);
  });

  it('lets no other site choose the account for someone who is signed in', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const path = '/sign-in?login_hint=bob%40contoso.example';
    for (const site of ['cross-site', 'same-site', 'none']) {
      await browser.open(path, { 'sec-fetch-site': site });
      expect(web.authority.asked.at(-1)?.prompt, site).to.equal('select_account');
      expect(web.authority.asked.at(-1)?.loginHint, site).to.equal(undefined);
    }
    await browser.send(path, { headers: { accept: 'text/html' } });
    expect(web.authority.asked.at(-1)?.prompt).to.equal('select_account');
    await browser.open(path, { 'sec-fetch-site': 'same-origin' });
    expect(web.authority.asked.at(-1)).to.include({ loginHint: 'bob@contoso.example' });
    expect(web.authority.asked.at(-1)?.prompt).to.equal(undefined);
  });

  it('lets someone who is signed in add another account', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.authority.identity = BOB;
    await browser.signIn();
    expect(web.authority.asked[1]?.prompt).to.equal('select_account');
    expect((await browser.open('/')).text).to.include('Hello, Bob Example');
    expect([...web.broker.accounts.keys()]).to.deep.equal(['ada.tenant', 'bob.tenant']);
  });

  it('uses the hint of a session whose account is gone', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.broker.accounts.clear();
    const answer = await browser.open('/profile');
    expect(answer.location).to.equal('/sign-in?returnTo=%2Fprofile');
    await browser.open(answer.location);
    expect(web.authority.asked[1]).to.include({ loginHint: ADA.loginHint });
  });

  it('lets several tabs sign in at once', async () => {
    const browser = web.aBrowser();
    const first = await browser.begin('/sign-in?returnTo=/profile');
    const second = await browser.begin('/sign-in?returnTo=/mail');
    expect((await browser.open(first)).location).to.equal('/profile');
    expect((await browser.open(second)).location).to.equal('/mail');
  });

  it('limits how often one address begins', async () => {
    const browser = web.aBrowser();
    let answer: Answer | undefined;
    for (let n = 0; n <= 60; n += 1) answer = await browser.open('/sign-in');
    expect(answer?.status).to.equal(429);
    expect(Number(answer?.headers['retry-after'])).to.be.within(1, 60);
    expect((await browser.open('/')).status).to.equal(200);
  });

  it('says so when the authority is away, and begins nothing', async () => {
    web.authority.fault.requestCode = new Unavailable('The sign-in service does not answer.');
    const answer = await web.aBrowser().open('/sign-in');
    expect(answer.status).to.equal(503);
    expect(answer.headers['retry-after']).to.equal('5');
    expect(answer.cookies).to.deep.equal([]);
  });
});

describe('The callback', () => {
  let web: Web;
  beforeEach(async () => {
    web = await aWeb();
  });
  afterEach(() => web.close());

  it('redeems with what the transaction remembers', async () => {
    const browser = web.aBrowser();
    const path = await browser.begin();
    const state = URL.parse(path, 'http://x')?.searchParams.get('state');
    await browser.open(path);
    expect(web.authority.redeemed[0]).to.deep.include({
      state,
      nonce: `nonce-${state}`,
      codeVerifier: `verifier-${state}`,
    });
  });

  it('serves once: a repeated one goes home, and redeems nothing', async () => {
    const browser = web.aBrowser();
    const path = await browser.begin('/sign-in?returnTo=/mail');
    await browser.open(path);
    const again = await browser.open(path);
    expect([again.status, again.location]).to.deep.equal([303, '/']);
    expect(web.authority.redeemed).to.have.length(1);
  });

  it('offers a fresh start for a repeated one when nobody is signed in', async () => {
    const browser = web.aBrowser();
    const path = await browser.begin();
    await browser.open(path);
    browser.jar.delete('concierge');
    const again = await browser.open(path);
    expect(again.status).to.equal(400);
    expect(again.text).to.include('href="/sign-in"').and.include('completed before');
  });

  it('redeems once when it comes twice at the same moment', async () => {
    const browser = web.aBrowser();
    const path = await browser.begin();
    const { promise: both, resolve } = Promise.withResolvers<void>();
    let waiting = 0;
    // Both have read the transaction before either takes it.
    web.store.beforeReplace = async () => {
      waiting += 1;
      if (waiting === 2) resolve();
      await both;
    };
    const answers = await Promise.all([browser.copy().open(path), browser.copy().open(path)]);
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([303, 400]);
    expect(web.authority.redeemed).to.have.length(1);
  });

  it('does not take the transaction of another browser, and leaves it for that one', async () => {
    const browser = web.aBrowser();
    const stranger = web.aBrowser();
    await stranger.begin();
    const path = await browser.begin();
    for (const other of [stranger, web.aBrowser()]) {
      const answer = await other.open(path);
      expect(answer.status).to.equal(400);
      expect(answer.text).to.include('another browser');
      expect(other.jar.has('concierge')).to.equal(false);
    }
    expect(web.authority.redeemed).to.deep.equal([]);
    expect((await browser.open(path)).status).to.equal(303);
  });

  it('does not take an expired or an unknown transaction', async () => {
    const browser = web.aBrowser();
    const path = await browser.begin();
    web.clock.now += 15 * 60_000 + 1;
    for (const each of [path, '/signin-oidc?code=x&state=unknown', '/signin-oidc']) {
      expect((await browser.open(each)).status, each).to.equal(400);
    }
    expect(web.authority.redeemed).to.deep.equal([]);
  });

  it('shows what was declined and how to go on; who was signed in still is', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    const path = await browser.begin('/mail');
    const message = 'What was asked for was declined, so nothing has changed.';
    web.authority.fault.redeemCode = new SignInFailed('declined', message, {
      scopes: ['Mail.Read'],
    });
    const answer = await browser.open(path.replace('code=code-SECRET', 'error=access_denied'));
    expect(answer.status).to.equal(400);
    expect(answer.text).to.include('read your mail').and.include('you are still signed in');
    expect(answer.text).to.match(/href="\/sign-in\?challenge=[^"]+returnTo=%2Fmail"/);
    expect((await browser.open('/')).text).to.include('Hello, Ada');
    // Declining is no loop: whoever opens the page again is asked again.
    expect(await browser.begin('/mail')).to.be.a('string');
  });

  it('switches nothing when another account answers a consent', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const session = browser.jar.get('concierge');
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    const path = await browser.begin('/mail');
    web.authority.identity = BOB;
    const answer = await browser.open(path);
    expect(answer.text).to.include('Which account do you mean?').and.include('bob@contoso.example');
    expect(web.broker.kept).to.have.length(1);
    expect(browser.jar.get('concierge')).to.equal(session);
    expect((await browser.open('/')).text).to.include('Hello, Ada');
  });

  /** A consent begun as Ada in one tab, while another tab went on as Bob. */
  async function aConsentLeftBehind() {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    const path = await browser.begin('/mail');
    web.authority.identity = BOB;
    await browser.signIn();
    return { browser, path, session: browser.jar.get('concierge') };
  }

  it('switches nothing back when the account was switched meanwhile', async () => {
    const { browser, path, session } = await aConsentLeftBehind();
    web.authority.identity = ADA;
    const answer = await browser.open(path);
    expect(answer.status).to.equal(400);
    expect(answer.text)
      .to.include('Which account do you mean?')
      .and.include('signed in here as <strong>bob@contoso.example')
      .and.include('answered as <strong>ada@contoso.example');
    expect(answer.text).to.match(/href="\/mail">Go on as bob@contoso.example/);
    expect(web.broker.kept).to.have.length(2);
    expect(browser.jar.get('concierge')).to.equal(session);
    expect((await browser.open('/')).text).to.include('Hello, Bob');
  });

  it('takes the answer of the account that is signed in, whoever it was begun for', async () => {
    const { browser, path } = await aConsentLeftBehind();
    expect((await browser.open(path)).location).to.equal('/mail');
    expect((await browser.open('/')).text).to.include('Hello, Bob');
  });

  it('completes a consent whose session ended by itself meanwhile', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.clock.now += 55 * 60_000;
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    const path = await browser.begin('/mail');
    browser.jar.delete('concierge');
    expect((await browser.open(path)).location).to.equal('/mail');
    expect((await browser.open('/')).text).to.include('Hello, Ada');
  });

  it('keeps who was signed in when the new sign-in fails', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const session = browser.jar.get('concierge');
    const faults = [
      new Unavailable('The sign-in service is busy.', { retryAfterSeconds: 30 }),
      new SignInFailed('bad-answer', 'The sign-in could not be verified.'),
    ];
    for (const fault of faults) {
      const path = await browser.begin('/sign-in?returnTo=/mail');
      web.authority.fault.redeemCode = fault;
      const answer = await browser.open(path);
      expect(answer.status).to.equal(fault.status);
      expect(answer.text).to.include('href="/sign-in?returnTo=%2Fmail"');
      expect(browser.jar.get('concierge')).to.equal(session);
      delete web.authority.fault.redeemCode;
      expect((await browser.open('/')).text).to.include('Hello, Ada');
    }
  });

  it('keeps who was signed in when the store fails after the redemption', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const session = browser.jar.get('concierge');
    const path = await browser.begin();
    web.authority.onRedeem = async () => {
      web.store.isDown = true;
    };
    expect((await browser.open(path)).status).to.equal(503);
    web.store.isDown = false;
    expect(browser.jar.get('concierge')).to.equal(session);
    expect((await browser.open('/')).text).to.include('Hello, Ada');
  });

  it('goes back for what the authority wants at redemption, once', async () => {
    const browser = web.aBrowser();
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    web.authority.fault.redeemCode = new SignInRequired('interaction', {
      scopes: ['User.Read'],
      claims,
    });
    const second = await browser.open(await browser.begin('/sign-in?returnTo=/profile'));
    expect(second.status).to.equal(302);
    expect(web.authority.asked[1]).to.include({ claims });
    const state = URL.parse(second.location)?.searchParams.get('state');
    const third = await browser.open(`/signin-oidc?code=c&state=${state}`);
    expect(third.status).to.equal(403);
    expect(third.text).to.include('not enough');
  });

  it('answers 100 kB of query cleanly', async () => {
    const browser = web.aBrowser();
    const path = await browser.begin();
    const huge = await browser.open(`${path}&x=${'a'.repeat(100_000)}`);
    expect(huge.status).to.equal(414);
    expect(huge.text).to.include('too long').and.not.include('aaaa');
    const large = await browser.open(`${path}&x=${'a'.repeat(9000)}`);
    expect(large.status).to.equal(414);
    expect((await browser.open(path)).status).to.equal(303);
  });
});
