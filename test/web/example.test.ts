/** The example page: where there is one, what it may do, and the modules that it is made of. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { DownstreamApi } from '../../src/config/settings.ts';
import { Unavailable } from '../../src/errors.ts';
import { aWeb, GRAPH, LISTS, type Web } from './a-web.ts';
import type { Browser } from './browser.ts';

const ASSETS = join(import.meta.dirname, '../../views/assets');
const READ = { methods: ['GET'], path: '/todos', scopes: undefined };
const WRITE = { methods: ['POST', 'PATCH', 'DELETE'], path: '/todos/**', scopes: undefined };
const UPLOAD = { methods: ['PUT'], path: '/me/drive/root:/*/content', scopes: undefined };
const TODOS = { ...LISTS, name: 'toDos', gateway: [READ, WRITE] };
const DRIVE = { ...GRAPH, gateway: [UPLOAD] };

describe('The example page', () => {
  let web: Web;
  let browser: Browser;
  const open = async (apis: readonly DownstreamApi[] = [DRIVE, TODOS]): Promise<void> => {
    web = await aWeb({ apis });
    browser = web.aBrowser();
  };
  afterEach(() => web.close());

  it('is there for an API of the name Todos, in any case, that is open to front-ends', async () => {
    await open();
    const page = await browser.open('/example');
    expect(page.status).to.equal(200);
    expect(page.text).to.include('data-url="/api/toDos/todos"');
    await browser.signIn();
    expect((await browser.open('/')).text).to.include('href="/example"');
  });

  for (const [what, apis] of [
    ['no such API', [GRAPH, { ...TODOS, name: 'Todos2' }]],
    ['one without rules', [GRAPH, { ...TODOS, gateway: [] }]],
  ] as const) {
    it(`is not there with ${what}, and nothing leads to it`, async () => {
      await open(apis);
      await browser.signIn();
      const page = await browser.open('/example');
      expect(page.status).to.equal(404);
      expect(page.headers['content-security-policy']).not.to.include('script-src');
      expect((await browser.open('/')).text).not.to.include('/example');
    });
  }

  it('offers what the rules open, and no more', async () => {
    await open();
    const all = await browser.open('/example');
    expect(all.text).to.include('data-can-change').and.include('data-can-remove');
    expect(all.text).to.include('data-url="/api/Graph/me/drive/root:/*:/content"');
    expect(all.text).not.to.match(/<form class="entry" hidden/);
    await web.close();
    await open([GRAPH, { ...TODOS, gateway: [READ] }]);
    const little = await browser.open('/example');
    expect(little.text).not.to.match(/data-can-|id="upload"/);
    expect(little.text).to.match(/<form class="entry" hidden/);
  });

  it('may run scripts of this site and call this site, and no other page may', async () => {
    await open();
    await browser.signIn();
    const { headers } = await browser.open('/example');
    const plain = String((await browser.open('/')).headers['content-security-policy']);
    expect(plain).not.to.match(/script|connect/);
    expect(headers['content-security-policy']).to.equal(
      `${plain}; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'`,
    );
    web.broker.fault = new Unavailable('The store is away.');
    const failed = await browser.open('/example');
    expect(failed.status).to.equal(503);
    expect(failed.headers['content-security-policy']).to.equal(plain);
  });

  it('has one script, from a file, and none inline', async () => {
    await open();
    const { text } = await browser.open('/example');
    expect(text.match(/<script[^>]*>/g)).to.have.length(1);
    expect(text).to.match(/<script type="module" src="\/assets\/example\.js\?v=\w+"><\/script>/);
    expect(text).not.to.match(/style=|<style|\son\w+=|runs no scripts/);
    expect((await browser.open('/')).text).to.include('This page runs no scripts');
  });

  it('gets its modules as scripts, for ever where the address has a version', async () => {
    await open();
    const { text } = await browser.open('/example');
    const src = /src="(\/assets\/example[^"]+)"/.exec(text)?.[1] ?? '';
    const entry = await browser.fetch(src, { headers: { 'sec-fetch-dest': 'script' } });
    expect(entry.headers).to.include({
      'content-type': 'text/javascript; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    expect(entry.headers['cache-control']).to.include('immutable');
    expect((await browser.fetch('/assets/tsconfig.json')).status).to.equal(404);
  });

  it('finds each module it imports; they are asked for again, and sent once', async () => {
    await open();
    const names = ['example.js'];
    for (const name of names) {
      const source = readFileSync(join(ASSETS, name), 'utf8');
      for (const [, next = ''] of source.matchAll(/^import .+ from '\.\/(.+)';$/gm)) {
        if (!names.includes(next)) names.push(next);
      }
    }
    expect(names).to.include('concierge.js');
    for (const name of names) {
      const first = await browser.fetch(`/assets/${name}`);
      expect(first.status, name).to.equal(200);
      expect(first.headers['cache-control']).to.equal('no-cache');
      const etag = String(first.headers.etag);
      const again = await browser.fetch(`/assets/${name}`, { headers: { 'if-none-match': etag } });
      expect([again.status, again.text], name).to.deep.equal([304, '']);
      expect(again.headers['cache-control']).to.equal('no-cache');
      const other = { 'if-none-match': '"another"' };
      expect((await browser.fetch(`/assets/${name}`, { headers: other })).status).to.equal(200);
    }
  });
});
