/** What the log says of a request: enough to find it, and no more than fits. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { z } from 'zod';
import { systemClock } from '../../src/clock.ts';
import { Unavailable } from '../../src/errors.ts';
import { aWeb, type Web } from './a-web.ts';

const lineSchema = z.looseObject({ event: z.string(), path: z.string().optional() });

describe('The log of requests', () => {
  let web: Web;
  beforeEach(async () => {
    web = await aWeb();
  });
  afterEach(() => web.close());

  const paths = () =>
    web
      .log()
      .trimEnd()
      .split('\n')
      .map((line) => lineSchema.parse(JSON.parse(line)))
      .map(({ event, path }) => [event, path]);

  it('names the page', async () => {
    await web.aBrowser().open('/nothing?q=1');
    expect(paths()).to.deep.equal([
      ['request_failed', '/nothing'],
      ['request', '/nothing'],
    ]);
  });

  it('takes a browser that goes away for no outage', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
    web.apiClient.onJson = async () => {
      ask();
      await gone;
      throw new Unavailable('Graph cannot be reached just now.');
    };
    const cookie = [...browser.jar].map((pair) => pair.join('=')).join('; ');
    const socket = connect(web.port, '127.0.0.1');
    socket.write(`GET /profile HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`);
    await asked;
    socket.destroy();
    await systemClock.sleep(20);
    leave();
    await systemClock.sleep(20);
    const events = paths().filter(([, path]) => path === '/profile');
    expect(events.map(([event]) => event)).to.include('client_gone');
    expect(events.map(([event]) => event)).not.to.include('request_failed');
  });

  it('cuts a long path', async () => {
    const path = `/${'x'.repeat(15_000)}`;
    expect((await web.aBrowser().open(path)).status).to.equal(414);
    const cut = `${path.slice(0, 200)}…`;
    expect(paths()).to.deep.equal([
      ['request_failed', cut],
      ['request', cut],
    ]);
  });

  it('names of a gateway call the API only', async () => {
    const browser = web.aBrowser();
    await browser.fetch('/api/graph/users/ada@contoso.example');
    expect(paths()).to.deep.equal([
      ['request_failed', '/api/graph/…'],
      ['request', '/api/graph/…'],
    ]);
    await browser.fetch('/api/session');
    expect(paths().at(-1)).to.deep.equal(['request', '/api/session']);
  });
});

describe('A request target', () => {
  let web: Web;
  before(async () => {
    web = await aWeb();
  });
  after(() => web.close());

  for (const target of ['http://[', 'http://localhost/', '*']) {
    it(`that is no path is refused: ${target}`, async () => {
      const socket = connect(web.port, '127.0.0.1');
      socket.end(`OPTIONS ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      const answer = await text(socket);
      expect(answer)
        .to.match(/^HTTP\/1.1 400 /)
        .and.include("default-src 'none'");
      expect(answer)
        .to.match(/x-correlation-id: /i)
        .and.not.include('Internal Server Error');
      expect(web.log()).not.to.include('"level":50');
    });
  }
});
