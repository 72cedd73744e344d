/** What an API answers, in a real browser on the site's own origin: it is data, and nothing of it runs. */
import { request as ask, createServer, type RequestListener, type Server } from 'node:http';
import { expect } from 'chai';
import { type Browser, type Page, selectors } from 'playwright-core';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { aServer, type TestServer } from '../downstream/api-rig.ts';
import { launchChromium } from '../support/chromium.ts';
import { type Site, sandboxEnvironment, startSite } from '../support/site.ts';
import { freePort } from '../support/site-process.ts';

const SCRIPT = 'fetch("/ran?" + document.contentType)';
const HTML = `<!doctype html><title>x</title><img src="/ran?image"><script>${SCRIPT}</script>`;
const XHTML = `<html xmlns="http://www.w3.org/1999/xhtml"><script>${SCRIPT}</script></html>`;
const SVG = `<svg xmlns="http://www.w3.org/2000/svg"><script>${SCRIPT}</script></svg>`;
const documents: Record<string, readonly [type: string, body: string]> = {
  html: ['text/html', HTML],
  svg: ['image/svg+xml', SVG],
  xhtml: ['application/xhtml+xml', XHTML],
  xml: ['text/xml', XHTML],
  'xml-with-style': [
    'application/xml',
    `<?xml-stylesheet type="text/xsl" href="/ran?style"?>${XHTML}`,
  ],
  pdf: ['application/pdf', '%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(1)>>>>'],
  'event-stream': ['text/event-stream', `data: ${HTML}\n\n`],
  json: ['application/json', HTML],
  png: ['image/png', HTML],
  plain: ['text/plain', HTML],
  parts: [
    'multipart/x-mixed-replace; boundary=b',
    `--b\r\nContent-Type: text/html\r\n\r\n${HTML}\r\n--b--`,
  ],
  nothing: ['', HTML],
  two: ['application/json, text/html', HTML],
  script: ['text/javascript', 'self.ran = 1; fetch("/ran?script")'],
};

const api: RequestListener = ({ url = '' }, response) => {
  const [type, body] = documents[url.split('/').at(-1) ?? ''] ?? ['application/json', '{"a":1}'];
  response.writeHead(200, type ? { 'content-type': type } : {}).end(body);
};

describe('In Chromium, answers of an API', function () {
  this.timeout(60_000);
  let browser: Browser;
  let sandbox: Sandbox;
  let site: Site;
  let evil: TestServer;
  let front: Server;
  let page: Page;
  let origin: string;
  /** Whether the browser is one that says what it asks for. */
  let saysWhatFor = true;
  const ran: string[] = [];

  before(async () => {
    selectors.setTestIdAttribute('data-test');
    browser = await launchChromium();
    sandbox = await startSandbox();
    evil = await aServer(api);
    const [port, frontPort] = [await freePort(), await freePort()];
    origin = `http://localhost:${frontPort}`;
    const scopes = `${sandbox.todoResource}/Todos.ReadWrite`;
    site = await startSite({
      ...sandboxEnvironment(sandbox, port),
      Site__PublicUrl: origin,
      Site__SignInScopes: scopes,
      DownstreamApis__Evil__BaseUrl: evil.url.href,
      DownstreamApis__Evil__Scopes: scopes,
      DownstreamApis__Evil__Gateway__0__Methods: 'GET',
      DownstreamApis__Evil__Gateway__0__Path: '/**',
    });
    front = createServer(asFrontEnd(port)).listen(frontPort, '127.0.0.1');
    page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(10_000);
    await page.goto(`${origin}/sign-in`);
    await page.getByTestId('person-ada@contoso.example').click();
    await page.getByTestId('sign-in').click();
    await page.getByTestId('accept').click();
    await page.waitForURL(`${origin}/**`);
  });
  after(async () => {
    await browser.close();
    front.closeAllConnections();
    front.close();
    await site.close();
    await evil[Symbol.asyncDispose]();
    await sandbox.close();
  });
  beforeEach(() => {
    saysWhatFor = true;
    ran.length = 0;
  });

  /** The operator's proxy: a front-end's own pages on the origin of the site, and the site. */
  function asFrontEnd(port: number): RequestListener {
    return (request, response) => {
      const { url = '', method, headers } = request;
      if (url.startsWith('/ran')) {
        ran.push(url);
        response.writeHead(204).end();
      } else if (url.startsWith('/app/')) api(request, response);
      else {
        const passed = Object.entries(headers).filter(
          ([name]) => saysWhatFor || !name.startsWith('sec-fetch-'),
        );
        const onward = ask(
          { host: '127.0.0.1', port, path: url, method, headers: Object.fromEntries(passed) },
          (answer) => {
            response.writeHead(answer.statusCode ?? 500, answer.headers);
            answer.pipe(response);
          },
        );
        onward.on('error', () => response.destroy());
        request.pipe(onward);
      }
    };
  }

  /** Opens an address as a person does; a download ends the navigation. */
  async function open(path: string): Promise<'shown' | 'downloaded'> {
    const downloads: unknown[] = [];
    const count = (download: unknown) => downloads.push(download);
    page.on('download', count);
    try {
      await page.goto(`${origin}${path}`, { waitUntil: 'load' });
      await page.waitForTimeout(50);
      return 'shown';
    } catch (error) {
      // How Playwright tells of a navigation that became a download.
      if (!/Download is starting|ERR_ABORTED/.test(String(error))) throw error;
      return 'downloaded';
    } finally {
      page.off('download', count);
    }
  }

  for (const name of ['html', 'svg', 'xhtml', 'xml']) {
    it(`would run, were ${name} served by the front-end itself`, async () => {
      await open(`/app/${name}`);
      for (let times = 0; ran.length === 0 && times < 100; times += 1)
        await page.waitForTimeout(20);
      expect(ran.join()).to.include('/ran');
    });
  }

  for (const name of Object.keys(documents)) {
    it(`are no page: ${name}`, async () => {
      expect(await open(`/api/evil/${name}`)).to.equal('shown');
      expect(await page.locator('body').innerText()).to.include('scripts and pictures only');
      expect(ran).to.deep.equal([]);
    });

    it(`run nothing in a browser that does not say what it asks for: ${name}`, async () => {
      saysWhatFor = false;
      const isShown = ['json', 'png'].includes(name);
      expect(await open(`/api/evil/${name}`)).to.equal(isShown ? 'shown' : 'downloaded');
      await page.waitForTimeout(100);
      expect(ran).to.deep.equal([]);
    });
  }

  it('become no service worker, no worker and no frame', async () => {
    for (const says of [true, false]) {
      await page.goto(`${origin}/app/none`);
      saysWhatFor = says;
      const registered = await page.evaluate(
        `navigator.serviceWorker.register('/api/evil/script').then(() => 'registered', () => 'refused')`,
      );
      expect(registered).to.equal('refused');
    }
    saysWhatFor = true;
    await page.goto(`${origin}/app/none`);
    await page.evaluate(`
      new Worker('/api/evil/script');
      for (const tag of ['script', 'iframe', 'embed']) {
        const element = document.createElement(tag);
        element.src = tag === 'script' ? '/api/evil/script' : '/api/evil/html';
        document.documentElement.append(element);
      }
    `);
    await page.waitForTimeout(300);
    expect(ran).to.deep.equal([]);
  });

  it('are read by a front-end’s own script: as JSON and as events', async () => {
    await page.goto(`${origin}/app/none`);
    const read = await page.evaluate(`(async () => {
      const json = await (await fetch('/api/evil/data')).json();
      const event = await new Promise((resolve) => {
        const events = new EventSource('/api/evil/event-stream');
        events.onmessage = ({ data }) => resolve(data);
        events.onerror = () => resolve('an error');
      });
      return { json, event };
    })()`);
    expect(read).to.deep.equal({ json: { a: 1 }, event: HTML });
    expect(ran).to.deep.equal([]);
  });
});
