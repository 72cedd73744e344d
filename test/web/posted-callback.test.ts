/** Answers that the browser posts: kept without a cookie, taken once, and only by who began the sign-in. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { aWeb, BOB, type Web } from './a-web.ts';
import type { Answer, Browser } from './browser.ts';

const FORM = 'application/x-www-form-urlencoded';

describe('With posted answers, the callback', () => {
  let web: Web;
  beforeEach(async () => {
    web = await aWeb({ responseMode: 'form_post' });
  });
  afterEach(() => web.close());

  /** Begins a sign-in; gives the form that the authority would have the browser post. */
  async function begin(browser: Browser, path = '/sign-in'): Promise<string> {
    return new URL(await browser.begin(path), 'http://x').search.slice(1);
  }

  /** As the authority's page posts it: without the Lax cookies of this site. */
  async function post(
    body: string | Buffer,
    headers: Record<string, string> = {},
    query = '',
  ): Promise<Answer> {
    return await web.aBrowser().send(`/signin-oidc${query}`, {
      method: 'POST',
      body,
      headers: {
        accept: 'text/html',
        'content-type': FORM,
        origin: 'https://authority.test',
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        ...headers,
      },
    });
  }

  /** Names in the store, by kind. */
  const kept = async (form: string, kind: 'response' | 'transaction') => {
    const state = new URLSearchParams(form).get('state') ?? '';
    return await web.storage.get(web.names.forRandomId(state, kind));
  };

  it('that breaks off is no failed sign-in', async () => {
    const socket = connect(web.port, '127.0.0.1');
    const head = ['POST /signin-oidc HTTP/1.1', 'Host: localhost:4000', `Content-Type: ${FORM}`];
    socket.write([...head, 'Content-Length: 500', '', 'state='].join('\r\n'));
    await once(socket, 'connect');
    socket.end();
    while (!web.log().includes('"request_failed"') && !web.log().includes('client_gone'))
      await wait(5);
    expect(web.log()).not.to.include('sign_in_failed');
  });

  it('leads on to a request with cookies, which completes the sign-in', async () => {
    const browser = web.aBrowser();
    const form = await begin(browser, '/sign-in?returnTo=/mail');
    const posted = await post(form);
    expect(posted.status).to.equal(303);
    const state = new URLSearchParams(form).get('state');
    expect(posted.location).to.equal(`/signin-oidc?state=${state}`);
    expect(posted.cookies).to.deep.equal([]);
    expect(posted.headers['cache-control']).to.equal('no-store');
    expect(web.authority.redeemed).to.deep.equal([]);

    const end = await browser.open(posted.location, { 'sec-fetch-site': 'cross-site' });
    expect([end.status, end.location]).to.deep.equal([303, '/mail']);
    const [redemption] = web.authority.redeemed;
    expect(redemption?.callback.toString()).to.equal(form);
    expect(redemption?.state).to.equal(state);
    expect((await browser.open('/')).text).to.include('Hello, Ada');
  });

  it('keeps an answer sealed, and no longer than it is needed', async () => {
    const browser = web.aBrowser();
    const form = await begin(browser);
    const { location } = await post(form);
    expect(await kept(form, 'response'))
      .to.be.a('string')
      .that.does.not.include('SECRET');
    await browser.open(location);
    expect(await kept(form, 'response')).to.equal(undefined);

    const late = await begin(browser);
    const posted = await post(late);
    web.clock.now += 5 * 60_000 + 1;
    expect((await browser.open(posted.location)).status).to.equal(400);
    expect(web.authority.redeemed).to.have.length(1);
  });

  it('keeps the answers of two tabs apart', async () => {
    const browser = web.aBrowser();
    const [mail, profile] = [
      await begin(browser, '/sign-in?returnTo=/mail'),
      await begin(browser, '/sign-in?returnTo=/profile'),
    ];
    const [first, second] = [await post(mail), await post(profile)];
    expect((await browser.open(second.location)).location).to.equal('/profile');
    expect((await browser.open(first.location)).location).to.equal('/mail');
  });

  it('completes nothing in another browser, and leaves the answer to the right one', async () => {
    const browser = web.aBrowser();
    const stranger = web.aBrowser();
    await begin(stranger);
    const { location } = await post(await begin(browser));
    for (const other of [stranger, web.aBrowser()]) {
      const answer = await other.open(location, { 'sec-fetch-site': 'cross-site' });
      expect(answer.status).to.equal(400);
      expect(answer.text).to.include('another browser');
      expect(other.jar.has('concierge')).to.equal(false);
    }
    expect(web.authority.redeemed).to.deep.equal([]);
    expect((await browser.open(location)).status).to.equal(303);
  });

  it('makes one session of a form that was posted twice', async () => {
    const browser = web.aBrowser();
    const form = await begin(browser);
    const [first, second] = await Promise.all([post(form), post(form)]);
    expect([first.status, second.status]).to.deep.equal([303, 303]);
    const answers = [await browser.open(first.location), await browser.open(second.location)];
    expect(answers.map(({ location }) => location)).to.deep.equal(['/', '/']);
    expect(web.authority.redeemed).to.have.length(1);
    expect(web.broker.kept).to.have.length(1);
  });

  it('takes an answer once when it is asked for twice at the same moment', async () => {
    const browser = web.aBrowser();
    const { location } = await post(await begin(browser));
    const { promise: both, resolve } = Promise.withResolvers<void>();
    let waiting = 0;
    // Both have read the transaction before either takes it.
    web.store.beforeReplace = async () => {
      waiting += 1;
      if (waiting === 2) resolve();
      await both;
    };
    const answers = await Promise.all(
      [browser.copy(), browser.copy()].map((b) => b.open(location)),
    );
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([303, 400]);
    expect(web.authority.redeemed).to.have.length(1);
  });

  it('keeps the first of two answers to one sign-in', async () => {
    const browser = web.aBrowser();
    const form = await begin(browser);
    await post(form);
    await post(form.replace('code-SECRET', 'code-of-another'));
    const state = new URLSearchParams(form).get('state');
    await browser.open(`/signin-oidc?state=${state}`);
    expect(web.authority.redeemed[0]?.callback.get('code')).to.equal('code-SECRET');
  });

  it('leaves all checks of the answer to the redemption, such as on what is there twice', async () => {
    const browser = web.aBrowser();
    const form = `${await begin(browser)}&code=other&error=access_denied&x=%C3%A9`;
    await browser.open((await post(form)).location);
    expect(web.authority.redeemed[0]?.callback.toString()).to.equal(form);
  });

  it('keeps nothing for a state that nobody began, that was completed, or that is too old', async () => {
    const browser = web.aBrowser();
    const unknown = 'code=x&state=unknown';
    const used = await begin(browser);
    await browser.open((await post(used)).location);
    const old = await begin(browser);
    web.clock.now += 15 * 60_000 + 1;
    for (const form of [unknown, used, old]) {
      const posted = await post(form);
      expect(posted.status).to.equal(303);
      expect(await kept(form, 'response'), form).to.equal(undefined);
      const stranger = await web.aBrowser().open(posted.location);
      expect(stranger.status).to.equal(400);
    }
    expect((await post('')).location).to.equal('/signin-oidc?state=');
    const long = await post(`state=${'s'.repeat(9000)}`);
    expect(long.location).to.have.length.below(1100);
  });

  it('takes no answer out of a query, and needs none there', async () => {
    const browser = web.aBrowser();
    const inQuery = await browser.begin();
    const answer = await browser.open(inQuery);
    expect(answer.status).to.equal(400);
    expect(answer.text).to.include('could not be verified').and.include('href="/sign-in');
    expect(web.authority.redeemed).to.deep.equal([]);

    const form = await begin(browser);
    const posted = await post(form, {}, '?code=of-the-query&state=other');
    await browser.open(`${posted.location}&code=of-another&iss=evil`);
    expect(web.authority.redeemed[0]?.callback.toString()).to.equal(form);
  });

  it('refuses a form that is too long or no form, and keeps nothing of it', async () => {
    const form = await begin(web.aBrowser());
    const long = await post(`${form}&x=${'a'.repeat(16_384)}`);
    expect(long.status).to.equal(413);
    const chunks = { 'transfer-encoding': 'chunked' };
    expect((await post(`${form}&x=${'a'.repeat(16_384)}`, chunks)).status).to.equal(413);
    for (const type of ['application/json', 'text/plain', `multipart/form-data; boundary=x`, '']) {
      expect((await post(form, { 'content-type': type })).status, type).to.equal(415);
    }
    expect(await kept(form, 'response')).to.equal(undefined);
    expect(long.text).to.include('too much');
    expect((await post(form, { 'content-type': `${FORM};charset=UTF-8` })).status).to.equal(303);
    expect(await kept(form, 'response')).to.be.a('string');
  });

  it('counts a sign-in twice, when it begins and when it completes, and not when it is posted', async () => {
    for (let n = 0; n < 30; n += 1) {
      const browser = web.aBrowser();
      const { status, location } = await post(await begin(browser));
      expect(status, `sign-in ${n}`).to.equal(303);
      expect((await browser.open(location)).location, `sign-in ${n}`).to.equal('/');
    }
    expect((await web.aBrowser().open('/sign-in')).status).to.equal(429);
  });

  it('counts one that is posted again', async () => {
    const form = await begin(web.aBrowser());
    let answer: Answer | undefined;
    for (let n = 0; n <= 60; n += 1) answer = await post(form);
    expect(answer?.status).to.equal(429);
  });

  it('limits how often one address posts', async () => {
    let answer: Answer | undefined;
    for (let n = 0; n <= 60; n += 1) answer = await post('state=x');
    expect(answer?.status).to.equal(429);
  });

  it('reads no cookie with a form, and signs nobody out by one', async () => {
    const browser = web.aBrowser();
    await browser.open((await post(await begin(browser))).location);
    const session = browser.jar.get('concierge');
    web.authority.identity = BOB;
    const form = await begin(browser);
    web.store.sessionReads.length = 0;
    const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const posted = await post(form, { cookie });
    expect(posted.status).to.equal(303);
    expect(web.store.sessionReads).to.deep.equal([]);
    expect(browser.jar.get('concierge')).to.equal(session);
  });

  it('says "later" while the store is away', async () => {
    const form = await begin(web.aBrowser());
    web.store.isDown = true;
    const answer = await post(form);
    expect(answer.status).to.equal(503);
    expect(answer.headers['retry-after']).to.equal('7');
  });

  it('takes no other method', async () => {
    const headers = { 'sec-fetch-site': 'same-origin', accept: 'text/html' };
    const answer = await web.aBrowser().send('/signin-oidc', { method: 'PUT', headers });
    expect(answer.status).to.equal(405);
  });
});

describe('With answers in the query, the callback', () => {
  it('takes no posted one', async () => {
    const web = await aWeb();
    try {
      const browser = web.aBrowser();
      const path = await browser.begin();
      const body = new URL(path, 'http://x').search.slice(1);
      for (const [site, status] of [
        ['cross-site', 403],
        ['same-origin', 405],
      ] as const) {
        const headers = { accept: 'text/html', 'content-type': FORM, 'sec-fetch-site': site };
        const answer = await browser.send('/signin-oidc', { method: 'POST', body, headers });
        expect(answer.status).to.equal(status);
      }
      expect((await browser.open(path)).status).to.equal(303);
    } finally {
      await web.close();
    }
  });
});
