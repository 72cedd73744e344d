/** Pages: what they show, what they never show, and the headers around them. */
import { expect } from 'chai';
import { ApiFailed, Forbidden, Misconfigured, Unavailable } from '../../src/errors.ts';
import { ADA, anAnswer, aWeb, GRAPH, LISTS, type Web } from './a-web.ts';
import { type Browser, FETCH } from './browser.ts';

const EVIL = `<img src=x onerror=alert(1)>"'`;

describe('A page', () => {
  let web: Web;
  let browser: Browser;
  beforeEach(async () => {
    web = await aWeb();
    browser = web.aBrowser();
  });
  afterEach(() => web.close());

  it('says at the start what this is', async () => {
    const { status, text } = await browser.open('/');
    expect(status).to.equal(200);
    expect(text).to.include('href="/sign-in"').and.include('<html lang="en">');
  });

  it('leads to everything that is configured', async () => {
    await browser.signIn();
    const { text } = await browser.open('/');
    for (const path of ['/profile', '/mail', '/apis/graph', '/apis/todos']) {
      expect(text).to.include(`href="${path}"`);
    }
  });

  it('shows the profile of Graph', async () => {
    await browser.signIn();
    web.apiClient.onJson = () => ({
      id: '1',
      displayName: 'Ada Example',
      jobTitle: 'Analyst',
      mobilePhone: null,
    });
    const { text } = await browser.open('/profile');
    expect(text)
      .to.include('Analyst')
      .and.include('src="/profile/photo"')
      .and.not.include('Mobile');
  });

  it('streams the photo, of raster types only, kept nowhere', async () => {
    await browser.signIn();
    web.apiClient.onStream = () => anAnswer('JPEG', 'image/jpeg');
    const photo = await browser.fetch('/profile/photo', { headers: { 'sec-fetch-dest': 'image' } });
    expect([photo.status, photo.text]).to.deep.equal([200, 'JPEG']);
    expect(photo.headers).to.include({
      'content-type': 'image/jpeg',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    web.apiClient.onStream = () => anAnswer('<b>', 'image/png;x, text/html');
    const two = await browser.fetch('/profile/photo');
    expect(two.headers['content-type']).to.equal('application/octet-stream');
    web.apiClient.onStream = () => anAnswer('<svg onload="alert(1)"/>', 'image/svg+xml');
    const svg = await browser.fetch('/profile/photo');
    expect(svg.status).to.equal(502);
    expect(svg.text).not.to.include('onload');
    web.apiClient.onStream = () => anAnswer('{}', 'application/json', { status: 404 });
    expect((await browser.fetch('/profile/photo')).status).to.equal(404);
  });

  it('shows the newest messages', async () => {
    await browser.signIn();
    web.apiClient.onJson = () => ({
      value: [
        {
          id: '1',
          subject: 'Budget',
          isRead: false,
          receivedDateTime: '2026-11-20T08:05:00Z',
          from: { emailAddress: { name: 'Bob' } },
          webLink: 'javascript:alert(1)',
        },
        { id: '2', subject: null, isRead: true },
      ],
    });
    const { text } = await browser.open('/mail');
    expect(text)
      .to.include('Budget')
      .and.include('20 Nov 2026, 08:05 UTC')
      .and.include('No subject');
    expect(text).to.match(/Budget(<\/a>)? +<span class="badge">unread/);
    expect(text).to.include('1 unread').and.not.include('javascript:');
    web.apiClient.onJson = () => ({ value: [] });
    expect((await browser.open('/mail')).text).to.include('Your mailbox is empty');
  });

  it('shows a list of an API as a table, and its JSON', async () => {
    await browser.signIn();
    web.apiClient.onJson = () => ({
      value: [
        { title: 'Buy milk', done: false, tags: ['a'] },
        { title: 'Call Bob', due: null },
      ],
    });
    const { text } = await browser.open('/apis/ToDos');
    expect(text).to.include('<th scope="col">title</th>').and.include('<td>Buy milk</td>');
    expect(text).not.to.include('<th scope="col">tags</th>');
    expect(text).to.include('&quot;tags&quot;: [');
    expect(web.apiClient.calls.at(-1)).to.include({ path: '/todos' });
  });

  it('shows any other answer of an API as JSON', async () => {
    await browser.signIn();
    for (const answer of [[], 7, 'text', null, { a: { b: 1 } }, undefined]) {
      web.apiClient.onJson = () => answer;
      const page = await browser.open('/apis/todos');
      expect(page.status).to.equal(200);
      expect(page.text).not.to.include('<table>');
    }
    expect((await browser.open('/apis/nothing')).status).to.equal(404);
  });

  it('shows the beginning of a large answer, and what is deep not to its ground', async () => {
    await browser.signIn();
    web.apiClient.onJson = () => Array(300_000).fill(1);
    const large = await browser.open('/apis/todos');
    expect(large.text.length).to.be.within(200_000, 220_000);
    expect(large.text).to.include('the rest is not shown');
    web.apiClient.onJson = () => JSON.parse(`${'['.repeat(900_000)}${']'.repeat(900_000)}`);
    const deep = await browser.open('/apis/todos');
    expect(deep.status).to.equal(200);
    expect(deep.text).to.include('…');
  });

  it('shows nothing of an API without a page: one called as the site itself, or guarded by a route', async () => {
    await web.close();
    web = await aWeb({ apis: [GRAPH, { ...LISTS, hasPage: false }] });
    const other = web.aBrowser();
    await other.signIn();
    expect((await other.open('/')).text).not.to.include('/apis/todos');
    expect((await other.open('/apis/todos')).status).to.equal(404);
  });

  it('has no Graph pages without a Graph section', async () => {
    await web.close();
    web = await aWeb({ apis: [] });
    browser = web.aBrowser();
    await browser.signIn();
    expect((await browser.open('/profile')).status).to.equal(404);
    expect((await browser.open('/')).text).not.to.include('/mail');
  });

  it('escapes every text that comes from elsewhere', async () => {
    web.authority.identity = { ...ADA, name: EVIL, username: EVIL };
    await browser.signIn();
    const pages = [await browser.open('/')];
    web.apiClient.onJson = () => ({ id: EVIL, displayName: EVIL, jobTitle: EVIL, mail: EVIL });
    pages.push(await browser.open('/profile'));
    web.apiClient.onJson = () => ({
      value: [
        {
          id: EVIL,
          subject: EVIL,
          bodyPreview: EVIL,
          receivedDateTime: EVIL,
          from: { emailAddress: { name: EVIL } },
        },
      ],
    });
    pages.push(await browser.open('/mail'), await browser.open('/apis/todos'));
    web.apiClient.onJson = () => ({ value: [{ [EVIL]: EVIL }] });
    pages.push(await browser.open('/apis/todos'));
    web.apiClient.onJson = () => {
      throw new ApiFailed(EVIL, { detail: { api: EVIL, traceId: EVIL, timestamp: EVIL } });
    };
    pages.push(await browser.open('/profile'));
    for (const { text } of pages) {
      expect(text).to.include('&lt;img src=x');
      expect(text).not.to.include('<img src=x');
    }
  });

  it('has headers that let nothing foreign in', async () => {
    await browser.signIn();
    for (const path of [
      '/',
      '/profile',
      '/nothing',
      '/sign-in',
      '/health/live',
      '/assets/style.css',
    ]) {
      const { headers } = await browser.open(path);
      const policy = String(headers['content-security-policy']);
      expect(policy).to.include("default-src 'none'").and.include("frame-ancestors 'none'");
      expect(policy).to.include("form-action 'self'").and.include("base-uri 'none'");
      expect(policy).not.to.match(/unsafe|script-src|\*/);
      expect(headers).to.include({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers['permissions-policy']).to.be.a('string');
      expect(headers).not.to.have.property('x-powered-by');
      if (path !== '/assets/style.css') expect(headers['cache-control']).to.equal('no-store');
    }
  });

  it('has no script and no inline style', async () => {
    await browser.signIn();
    for (const path of ['/', '/profile', '/nothing']) {
      expect((await browser.open(path)).text).not.to.match(/<script|style=|<style|\son\w+=/);
    }
  });

  it('links to assets that may be kept for ever, and to no file beside them', async () => {
    const { text } = await browser.open('/');
    const css = /href="(\/assets\/style[^"]+)"/.exec(text)?.[1] ?? '';
    const asset = await browser.open(css);
    expect(asset.headers['cache-control']).to.include('immutable');
    expect(asset.headers['content-type']).to.include('text/css');
    for (const path of [
      '/assets/../layout.njk',
      '/assets/%2e%2e/layout.njk',
      '/assets/nothing',
      '/assets/',
    ]) {
      expect((await browser.open(path)).status, path).to.equal(404);
    }
  });
});

describe('The error page', () => {
  let web: Web;
  let browser: Browser;
  beforeEach(async () => {
    web = await aWeb();
    browser = web.aBrowser();
    await browser.signIn();
  });
  afterEach(() => web.close());

  const failing = (error: unknown) => {
    web.apiClient.onJson = () => {
      throw error;
    };
  };
  const detail = {
    error: 'temporarily_unavailable',
    traceId: 'trace-1',
    correlationId: 'correlation-1',
    timestamp: '2026-11-21 09:00:00Z',
  };

  const kinds: [string, Error, number, string][] = [
    [
      'Unavailable',
      new Unavailable('Graph is not available just now.', { detail, retryAfterSeconds: 42 }),
      503,
      'Not available just now',
    ],
    [
      'ApiFailed',
      new ApiFailed('Graph has nothing at this place.', { detail: { ...detail, api: 'Graph' } }),
      502,
      'Graph did not give',
    ],
    [
      'Misconfigured',
      new Misconfigured('The sign-in service refuses this site.', { detail }),
      500,
      'not set up correctly',
    ],
    ['Forbidden', new Forbidden('You may not.', { detail }), 403, 'not allowed'],
  ];
  for (const [kind, error, status, title] of kinds) {
    it(`of ${kind} says what happened, what to do, and a reference`, async () => {
      failing(error);
      const page = await browser.open('/profile?secret=1');
      expect(page.status).to.equal(status);
      expect(page.text).to.include(title).and.include(error.message);
      const id = page.headers['x-correlation-id'];
      expect(page.text)
        .to.include(`Correlation id: ${id}`)
        .and.include('Time: 2026-11-21T09:00:00');
      expect(page.text).to.include('trace-1').and.include('correlation-1');
      expect(page.text).not.to.include('secret=1');
      expect(page.headers['content-security-policy']).to.include("default-src 'none'");
      const problem = await browser.send('/profile', { headers: FETCH });
      expect(problem.status).to.equal(status);
      expect(problem.json()).to.include({ status });
      expect(problem.json()['reference']).to.include({ traceId: 'trace-1' });
      expect(web.log()).to.include(String(id)).and.include('trace-1');
    });
  }

  it('of a passing fault says when to try again', async () => {
    failing(new Unavailable('Graph is busy.', { retryAfterSeconds: 42 }));
    const page = await browser.open('/profile');
    expect(page.headers['retry-after']).to.equal('42');
    expect(page.text).to.include('Try again in 42 seconds').and.include('nobody was signed out');
  });

  it('of a bug says nothing of it, and the log does', async () => {
    const bug = Object.assign(new TypeError('cannot read SECRET-OF-BUG'), {
      token: 'TOKEN-OF-BUG',
      status: 400,
    });
    failing(bug);
    for (const page of [
      await browser.open('/profile'),
      await browser.send('/profile', { headers: FETCH }),
    ]) {
      expect(page.status).to.equal(500);
      expect(page.text).not.to.match(/SECRET-OF-BUG|TypeError|\.ts:|node_modules/);
    }
    expect(web.log()).to.include('SECRET-OF-BUG').and.not.include('TOKEN-OF-BUG');
  });

  it('of something that is no error is one of a bug', async () => {
    failing('a string');
    expect((await browser.open('/profile')).status).to.equal(500);
  });

  it('is there for addresses and methods that do not exist', async () => {
    expect((await browser.open('/nothing')).text).to.include('There is nothing here');
    const put = await browser.send('/profile', {
      method: 'PUT',
      headers: { 'sec-fetch-site': 'same-origin' },
    });
    expect(put.status).to.equal(405);
    expect(put.headers['allow']).to.include('GET');
    expect((await browser.send('/%E0%A4%A', {})).status).to.be.oneOf([400, 404]);
  });

  it('is there for an address with a slash too many, as no page is known by two', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    for (const path of ['/sign-in/', '/signin-oidc/', '/account/', '/profile/', '/apis/graph/']) {
      expect((await browser.open(path)).status, path).to.equal(404);
    }
    const form = { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } };
    expect((await browser.send('/sign-out/', form)).status).to.equal(404);
    expect((await browser.open('/')).text).to.include('Hello, Ada');
  });

  it('leaves it to the gateway what a slash at the end of an API’s path means', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    for (const path of ['', '/', '/me/']) {
      expect((await browser.fetch(`/api/graph${path}`)).status, path).to.equal(403);
    }
  });

  it('leads nowhere else, whatever address was asked for', async () => {
    web.store.isDown = true;
    const page = await browser.open('//evil.example/x');
    expect(page.status).to.equal(503);
    expect(page.text).not.to.include('evil.example');
  });

  it('keeps the cookies that the request set before it failed', async () => {
    const callback = await browser.begin();
    web.broker.untie = async () => {
      throw new TypeError('a bug after the session was renewed');
    };
    const before = browser.jar.get('concierge');
    expect((await browser.open(callback)).status).to.equal(500);
    expect(browser.jar.get('concierge')).not.to.equal(before);
    expect((await browser.open('/')).text).to.include('Hello, Ada');
  });

  it('and the log hold no code, cookie, token or query', async () => {
    const callback = await browser.begin();
    await browser.open(callback);
    await browser.open(callback);
    await browser.open('/profile?q=QUERY-SECRET');
    expect(web.log())
      .to.include('request')
      .and.not.match(/SECRET|concierge=/);
    expect(web.log()).not.to.include(browser.jar.get('concierge') ?? '?');
  });
});

describe('Health', () => {
  let web: Web;
  beforeEach(async () => {
    web = await aWeb();
  });
  afterEach(() => web.close());

  it('is live while it runs, and ready while the store answers', async () => {
    const probe = web.aBrowser();
    expect((await probe.fetch('/health/live')).status).to.equal(200);
    const up = await probe.fetch('/health/ready');
    expect(up.status).to.equal(200);
    expect(up.json()).to.deep.equal({
      ...{ status: 'ready', store: 'up', authority: 'up' },
      credentials: [],
    });
    web.store.isDown = true;
    const down = await probe.fetch('/health/ready');
    expect(down.status).to.equal(503);
    expect(down.json()).to.include({ store: 'down', authority: 'up' });
    expect((await probe.fetch('/health/live')).status).to.equal(200);
  });
});
