/** The gateway: default deny, nothing of ours goes out, nothing harmful comes in. */

import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { ApiFailed, Unavailable } from '../../src/errors.ts';
import { ADA, anAnswer, aWeb, GRAPH, type Web } from './a-web.ts';
import type { Browser } from './browser.ts';

describe('The gateway', () => {
  let web: Web;
  let browser: Browser;
  beforeEach(async () => {
    web = await aWeb();
    browser = web.aBrowser();
    await browser.signIn();
  });
  afterEach(() => web.close());

  it('passes an opened path on with its query, for the API in any case of letters', async () => {
    const answer = await browser.fetch('/api/GRAPH/me/events?$top=5&$filter=a%20eq%20%27b%27');
    expect(answer.status).to.equal(200);
    expect(answer.json()).to.deep.equal({ ok: true });
    const call = web.apiClient.calls.at(-1);
    expect(call).to.deep.include({ method: 'GET', path: '/me/events', scopes: ['User.Read'] });
    expect(String(call?.query)).to.equal('%24top=5&%24filter=a+eq+%27b%27');
  });

  it("lets no front-end replace a parameter or a header of the API's section", async () => {
    const defaults = { ...GRAPH.defaults, query: { Code: 'set' }, headers: { Prefer: 'set' } };
    const other = await aWeb({ apis: [{ ...GRAPH, defaults }] });
    try {
      const page = other.aBrowser();
      await page.signIn();
      const headers = { prefer: 'mine', 'if-match': 'mine' };
      await page.fetch('/api/graph/me/events?code=mine&%43ode=mine&Code=mine&top=1', { headers });
      const call = other.apiClient.calls.at(-1);
      expect(String(call?.query)).to.equal('top=1');
      expect(call?.headers).to.deep.equal({ 'if-match': 'mine' });
    } finally {
      await other.close();
    }
  });

  it('asks for the scope that the rule names', async () => {
    await browser.fetch('/api/graph/mail');
    expect(web.apiClient.calls.at(-1)?.scopes).to.deep.equal(['Mail.Read']);
  });

  const closed: [string, string, string, number][] = [
    ['a path no rule opens', 'GET', '/api/graph/users', 403],
    ['a method no rule opens', 'DELETE', '/api/graph/me/events', 403],
    ['a path that climbs', 'GET', '/api/graph/me/../users', 403],
    ['an escaped path that climbs', 'GET', '/api/graph/me/%2e%2e/users', 403],
    ['a path with an escaped slash', 'GET', '/api/graph/me/a%2Fb', 403],
    ['an API without rules', 'GET', '/api/todos/todos', 404],
    ['an API that is not there', 'GET', '/api/nothing/me', 404],
    ['no API', 'GET', '/api/', 404],
  ];
  for (const [what, method, path, status] of closed) {
    it(`refuses ${what}`, async () => {
      const answer = await browser.fetch(path, { method });
      expect(answer.status).to.equal(status);
      expect(answer.headers['content-type']).to.include('application/problem+json');
      expect(web.apiClient.calls).to.deep.equal([]);
    });
  }

  for (const destination of [
    'document',
    'iframe',
    'script',
    'style',
    'object',
    'worker',
    'serviceworker',
    'manifest',
  ]) {
    it(`refuses to be loaded as ${destination}`, async () => {
      const headers = { 'sec-fetch-dest': destination };
      const answer = await browser.fetch('/api/graph/me', { headers });
      expect(answer.status).to.equal(403);
      expect(web.apiClient.calls).to.deep.equal([]);
    });
  }

  it('refuses to be the script of a service worker', async () => {
    const headers = { 'service-worker': 'script', 'sec-fetch-dest': 'empty' };
    expect((await browser.fetch('/api/graph/me', { headers })).status).to.equal(403);
  });

  for (const destination of ['empty', 'image', 'audio', 'video']) {
    it(`may be loaded as ${destination}`, async () => {
      const headers = { 'sec-fetch-dest': destination };
      expect((await browser.fetch('/api/graph/me', { headers })).status).to.equal(200);
    });
  }

  it('tells the API nothing of the session, the browser or the way', async () => {
    await browser.fetch('/api/graph/me', {
      headers: {
        authorization: 'Bearer forged',
        'x-csrf-token': 'token',
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-host': 'evil.example',
        forwarded: 'for=1.2.3.4',
        'proxy-authorization': 'Basic x',
        te: 'trailers',
        origin: 'http://localhost:4000',
        referer: 'http://localhost:4000/app',
        'user-agent': 'browser',
        'x-ms-client-principal': 'forged',
        'if-match': '"1"',
        prefer: 'outlook.timezone="UTC"',
        consistencylevel: 'eventual',
        accept: 'application/json',
        'accept-language': 'en',
      },
    });
    const call = web.apiClient.calls.at(-1);
    expect(call?.headers).to.deep.equal({
      'accept-language': 'en',
      consistencylevel: 'eventual',
      'if-match': '"1"',
      prefer: 'outlook.timezone="UTC"',
    });
    expect(call?.accept).to.equal('application/json');
  });

  it('lets through of an answer only what is known to be harmless', async () => {
    web.apiClient.onStream = () =>
      anAnswer('{}', 'application/json; charset=utf-8', {
        headers: {
          etag: '"1"',
          'retry-after': '3',
          'set-cookie': 'concierge=stolen',
          location: 'https://evil.example',
          refresh: '0;url=https://evil.example',
          'content-security-policy': 'default-src *',
          'access-control-allow-origin': '*',
          'clear-site-data': '"cookies"',
          'content-disposition': 'inline',
          'x-frame-options': 'ALLOWALL',
          'cache-control': 'public, max-age=600',
          'service-worker-allowed': '/',
          link: '</x>; rel=preload',
          'strict-transport-security': 'max-age=0',
          'www-authenticate': 'Bearer',
          sourcemap: '/x',
        },
      });
    const { headers, cookies } = await browser.fetch('/api/graph/me');
    expect(headers).to.include({
      'content-type': 'application/json; charset=utf-8',
      etag: '"1"',
      'retry-after': '3',
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
    });
    expect(headers).not.to.have.any.keys(
      'location',
      'refresh',
      'access-control-allow-origin',
      'clear-site-data',
      'content-disposition',
      'service-worker-allowed',
      'link',
      'strict-transport-security',
      'www-authenticate',
      'sourcemap',
    );
    expect(cookies).to.deep.equal([]);
  });

  const types: [string, boolean][] = [
    ['application/json', false],
    ['application/problem+json; charset=utf-8', false],
    ['image/png', false],
    ['image/jpeg', false],
    ['image/svg+xml', true],
    ['text/html', true],
    ['application/json-but-not', true],
    ['text/html, application/json', true],
    ['application/json;x, text/html', true],
    ['image/png; a="b, text/html"', true],
    ['application/json;;charset', false],
    ['application/pdf', true],
    ['', true],
  ];
  for (const [type, isDownload] of types) {
    it(`${isDownload ? 'makes a download of' : 'shows'} "${type}"`, async () => {
      web.apiClient.onStream = () => anAnswer('<script>alert(1)</script>', type);
      const { headers } = await browser.fetch('/api/graph/me');
      expect(headers['content-disposition']).to.equal(isDownload ? 'attachment' : undefined);
      expect(headers['content-security-policy']).to.include('sandbox');
    });
  }

  const rebuilt: [string, string][] = [
    ['application/json', 'application/json'],
    [
      'Application/JSON ; odata.metadata=minimal; Charset="UTF-8"',
      'application/json; charset=utf-8',
    ],
    ['text/plain;charset=iso-8859-1;x=y', 'text/plain; charset=iso-8859-1'],
    ['application/json;x, text/html', 'application/octet-stream'],
    ['application/json; charset=utf-8, text/html', 'application/octet-stream'],
    ['json', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ];
  for (const [sent, type] of rebuilt) {
    it(`names "${sent}" as ${type}`, async () => {
      web.apiClient.onStream = () => anAnswer('{}', sent);
      const { headers } = await browser.fetch('/api/graph/me');
      expect(headers['content-type']).to.equal(type);
    });
  }

  it('passes pictures on byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 128));
    web.apiClient.onStream = () => anAnswer(bytes, 'image/png');
    const answer = await browser.fetch('/api/graph/me/photo/$value');
    expect(answer.text).to.equal(bytes.toString());
  });

  it('passes the status of the API on', async () => {
    for (const status of [201, 204, 304, 404, 409, 429, 500]) {
      web.apiClient.onStream = () =>
        anAnswer(status === 204 ? '' : '{"error":1}', 'application/json', { status });
      const answer = await browser.fetch('/api/graph/me');
      expect(answer.status).to.equal(status);
      expect(answer.text).to.equal(status === 204 || status === 304 ? '' : '{"error":1}');
    }
  });

  it('answers HEAD without a body', async () => {
    const answer = await browser.fetch('/api/graph/me', { method: 'HEAD' });
    expect([answer.status, answer.text]).to.deep.equal([200, '']);
    web.apiClient.onStream = () => anAnswer('', 'application/json', { status: 404 });
    expect((await browser.fetch('/api/graph/me', { method: 'HEAD' })).status).to.equal(404);
  });

  it('passes a body on, and its type', async () => {
    const headers = { 'content-type': 'application/json' };
    const body = '{"title":"Buy milk"}';
    const answer = await browser.fetch('/api/graph/notes', { method: 'POST', headers, body });
    expect(answer.status).to.equal(200);
    const call = web.apiClient.calls.at(-1);
    expect(call?.headers).to.include(headers);
    expect(Buffer.isBuffer(call?.body) && call.body.toString()).to.equal(body);
  });

  it('takes forms for the API as they are', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await browser.fetch('/api/graph/notes', { method: 'POST', headers, body: 'a=1&a=2' });
    const { body } = web.apiClient.calls.at(-1) ?? {};
    expect(Buffer.isBuffer(body) && body.toString()).to.equal('a=1&a=2');
  });

  it('passes on as a stream what is too large to be sent again, announced or not', async () => {
    const body = Buffer.alloc(256 * 1024 + 1, 'x');
    for (const [headers, bodyBytes] of [
      [{ 'content-length': String(body.length) }, body.length],
      [{ 'transfer-encoding': 'chunked' }, undefined],
    ] as const) {
      let read: Buffer | undefined;
      let isStream = false;
      web.apiClient.relay = async (_, call) => {
        web.apiClient.calls.push(call);
        isStream = call.body !== undefined && !Buffer.isBuffer(call.body);
        read = call.body && !Buffer.isBuffer(call.body) ? await buffer(call.body) : undefined;
        return anAnswer('{}', 'application/json');
      };
      const sending = { method: 'POST', headers: { ...headers }, body };
      const answer = await browser.fetch('/api/graph/notes', sending);
      expect(answer.status).to.equal(200);
      expect(web.apiClient.calls.at(-1)?.bodyBytes).to.equal(bodyBytes);
      expect(isStream).to.equal(true);
      expect(read?.equals(body)).to.equal(true);
    }
  });

  it('says in words for programs when the API is away or answers nonsense', async () => {
    const failures = [
      new Unavailable('Graph cannot be reached just now.', { retryAfterSeconds: 11 }),
      new ApiFailed('Graph led elsewhere.', { detail: { api: 'Graph' } }),
    ];
    for (const failure of failures) {
      web.apiClient.relay = async () => {
        throw failure;
      };
      const answer = await browser.fetch('/api/graph/me');
      expect(answer.status).to.equal(failure.status);
      expect(answer.json()['detail']).to.include(failure.message);
    }
    expect((await browser.fetch('/api/session')).status).to.equal(200);
  });

  it('breaks off when the API breaks off', async () => {
    web.apiClient.onStream = () => ({
      ...anAnswer('', 'application/json'),
      body: Readable.from(
        (async function* () {
          yield '{"half":';
          await Promise.resolve();
          throw new Unavailable('Graph broke off.');
        })(),
      ),
    });
    const answer = await browser
      .fetch('/api/graph/me')
      .catch((error: NodeJS.ErrnoException) => error.code);
    expect(answer).to.equal('ECONNRESET');
    expect((await browser.fetch('/api/session')).status).to.equal(200);
  });

  it('tells a front-end who is signed in and in which roles, and gives no token', async () => {
    web.authority.claims = { roles: ['Task.Approver'] };
    await browser.signIn();
    const answer = await browser.fetch('/api/session');
    const session = answer.json();
    expect(session['account']).to.deep.equal({
      name: ADA.name,
      username: ADA.username,
      tenantId: ADA.tenantId,
      roles: ['Task.Approver'],
    });
    expect(session['csrfToken']).to.match(/^[\w-]{43}$/);
    expect(answer.text).not.to.match(/SECRET|epoch|opaque/);
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect(answer.headers).not.to.have.property('access-control-allow-origin');
  });
});
