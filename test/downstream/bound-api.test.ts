/** An API as routes call it: verbs, bodies, shapes, streams, and who is calling. */
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { z } from 'zod';
import { BoundApi } from '../../src/downstream/bound-api.ts';
import { ApiFailed, Unavailable } from '../../src/errors.ts';
import { caught } from '../support/caught.ts';
import { aClient, account, anApi, aServer, noDefaults } from './api-rig.ts';

/** Answers with what it was sent. */
const echo = () =>
  aServer((request, response) => {
    text(request).then((body) => {
      const { method, url, headers } = request;
      const answer = { method, url, type: headers['content-type'] ?? '', body };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    }, response.destroy);
  });

describe('An API bound to a request', () => {
  const bind = (url: URL, options: Partial<Parameters<typeof anApi>[1]> = {}) => {
    const { client, broker } = aClient();
    const request = { correlationId: 'correlation-1' };
    return {
      broker,
      api: new BoundApi({ client, api: anApi(url, options), caller: account, request }),
    };
  };

  it('has a method for each verb, and sends objects as JSON', async () => {
    await using server = await echo();
    const { api } = bind(server.url);
    const none = { type: '', body: '' };
    const json = { type: 'application/json', body: '{"a":1}' };
    const query = { top: '5' };
    expect(await api.get('/x', { query })).to.deep.equal({
      method: 'GET',
      url: '/v1.0/x?top=5',
      ...none,
    });
    expect(await api.delete('/x')).to.deep.equal({ method: 'DELETE', url: '/v1.0/x', ...none });
    for (const verb of ['post', 'put', 'patch'] as const) {
      const method = verb.toUpperCase();
      expect(await api[verb]('/x', { a: 1 })).to.deep.equal({ method, url: '/v1.0/x', ...json });
      expect(await api[verb]('/x')).to.deep.equal({ method, url: '/v1.0/x', ...none });
    }
  });

  it('sends texts, bytes and streams as they are', async () => {
    await using server = await echo();
    const { api } = bind(server.url);
    for (const [body, contentType, type] of [
      ['a text', undefined, 'text/plain; charset=utf-8'],
      ['a,b', 'text/csv', 'text/csv'],
      [Buffer.from('bytes'), undefined, ''],
      [new Uint8Array([97]), 'application/x', 'application/x'],
      [Readable.from(['a ', 'stream']), 'text/plain', 'text/plain'],
      [[1, 2], undefined, 'application/json'],
      [[1, 2], 'application/vnd.x+json', 'application/vnd.x+json'],
    ] as const) {
      const sent = await api.post('/x', body, { contentType });
      const expected =
        body instanceof Readable
          ? 'a stream'
          : Array.isArray(body)
            ? '[1,2]'
            : Buffer.from(String(body)).toString();
      const wanted = body instanceof Uint8Array ? Buffer.from(body).toString() : expected;
      expect(sent).to.include({ type, body: wanted });
    }
  });

  it('calls what its section says, with its media type', async () => {
    await using server = await echo();
    const defaults = { ...noDefaults, method: 'PUT', contentType: 'application/merge-patch+json' };
    const { api } = bind(server.url, { relativePath: '/me/settings', defaults });
    expect(await api.call({ a: 1 })).to.deep.equal({
      ...{ method: 'PUT', url: '/v1.0/me/settings', body: '{"a":1}' },
      type: 'application/merge-patch+json',
    });
  });

  it('gives what has the shape asked for, and fails on anything else', async () => {
    await using server = await echo();
    const { api } = bind(server.url);
    const { method } = await api.get('/x', { shape: z.object({ method: z.string() }) });
    expect(method).to.equal('GET');
    const error = await caught(api.get('/x', { shape: z.object({ items: z.array(z.unknown()) }) }));
    expect(error).to.be.instanceOf(ApiFailed);
    expect(error).to.have.nested.property('detail.correlationId', 'correlation-1');
  });

  it('streams an answer of any status', async () => {
    await using server = await aServer((_request, response) => response.writeHead(404).end('none'));
    const answer = await bind(server.url).api.stream('GET', '/x');
    expect(answer.status).to.equal(404);
    expect(await text(answer.body)).to.equal('none');
  });

  it('sends the correlation id of its request', async () => {
    await using server = await echo();
    const { api } = bind(server.url);
    await api.get('/x');
    expect(server.seen[0]?.headers['client-request-id']).to.equal('correlation-1');
  });

  it('is called for the app with the app’s token', async () => {
    await using server = await echo();
    const { api, broker } = bind(server.url, { scopes: ['api://todos/Read'] });
    await api.forApp.get('/x');
    expect(broker.requests).to.deep.equal([]);
    expect(broker.appRequests).to.deep.equal([{ scopes: ['api://todos/.default'] }]);
    await api.get('/x');
    expect(broker.requests).to.have.length(1);
  });

  it('stops in the time that the call gives it', async () => {
    await using server = await aServer(() => {});
    const begun = performance.now();
    const error = await caught(bind(server.url).api.get('/x', { timeoutMs: 200 }));
    expect(error).to.be.instanceOf(Unavailable);
    expect(performance.now() - begun).to.be.below(2000);
  });

  it('ends when its signal does', async () => {
    await using server = await aServer(() => {});
    const signal = AbortSignal.timeout(100);
    const begun = performance.now();
    await caught(bind(server.url).api.get('/x', { signal }));
    expect(performance.now() - begun).to.be.below(2000);
  });
});
