/** Calls to APIs that answer well, badly, too much or not at all. */
import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import {
  ApiFailed,
  type AppError,
  Forbidden,
  SignInRequired,
  Unavailable,
} from '../../src/errors.ts';
import { caught } from '../support/caught.ts';
import {
  aClient,
  account,
  anApi,
  answering,
  answeringJson,
  aServer,
  CANARY,
  failureOf,
  type TestServer,
} from './api-rig.ts';

const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}';
const challenge = `Bearer realm="", authorization_uri=https://x.example/a, error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`;

/** Neither an error in all its depth nor the log may show an access token. */
function expectNoToken(error: Error, lines: readonly string[]): void {
  const shown = [
    inspect(error, { depth: null, showHidden: true }),
    JSON.stringify(error),
    `${error.stack}`,
    ...lines,
  ];
  expect(shown.filter((text) => text.includes(CANARY))).to.deep.equal([]);
}

describe('ApiClient', () => {
  it('finds a configured API in any case of letters', () => {
    const graph = anApi(new URL('https://graph.example'));
    const { client } = aClient({}, [graph]);
    expect(client.find('graphbeta')).to.equal(graph);
    expect(client.find('Graph')).to.equal(undefined);
  });

  describe('json', () => {
    it('sends the access token for the scopes of the API, and gives its JSON', async () => {
      await using api = await aServer(answeringJson(200, { a: 'ä' }));
      const { client, broker } = aClient();
      const call = { api: anApi(api.url), path: '/me', query: { $top: '1' }, correlationId: 'c-1' };
      expect(await client.json(account, call)).to.deep.equal({ a: 'ä' });
      expect(broker.requests).to.deep.equal([{ scopes: ['user.read'] }]);
      expect(api.seen[0]?.url).to.equal('/v1.0/me?%24top=1');
      expect(api.seen[0]?.headers).to.include({
        authorization: `Bearer ${CANARY}-1`,
        'client-request-id': 'c-1',
        'user-agent': 'concierge',
        accept: 'application/json',
      });
    });

    it('asks for the scopes of the call where it names some', async () => {
      await using api = await aServer(answeringJson(200, {}));
      const { client, broker } = aClient();
      await client.json(account, { api: anApi(api.url), path: '', scopes: ['Mail.Read'] });
      expect(broker.requests).to.deep.equal([{ scopes: ['Mail.Read'] }]);
    });

    it('sends a body, and headers but those that carry credentials, route or override', async () => {
      let received = '';
      await using api = await aServer(async (request, response) => {
        received = (await buffer(request)).toString();
        response.writeHead(201, { 'content-type': 'application/problem+json; charset=utf-8' });
        response.end('{"made":true}');
      });
      const headers = {
        'Content-Type': 'text/plain',
        'If-Match': '"1"',
        Authorization: 'Bearer mine',
        Cookie: 'a=b',
        Host: 'evil.example',
        'X-Forwarded-For': '1.2.3.4',
        'X-HTTP-Method-Override': 'DELETE',
      };
      const call = {
        api: anApi(api.url),
        path: '/x',
        method: 'POST',
        headers,
        body: Buffer.from('b'),
      };
      expect(await aClient().client.json(account, call)).to.deep.equal({ made: true });
      expect(received).to.equal('b');
      const seen = api.seen[0]?.headers;
      expect(seen).to.include({
        'content-type': 'text/plain',
        'if-match': '"1"',
        host: api.url.host,
      });
      expect(seen?.authorization).to.equal(`Bearer ${CANARY}-1`);
      expect(seen).not.to.have.any.keys('cookie', 'x-forwarded-for', 'x-http-method-override');
    });

    it('gives undefined for an answer without a body by its status', async () => {
      await using api = await aServer(answering(204), answering(202));
      const { client } = aClient();
      const call = { api: anApi(api.url), path: '/x' };
      expect(await client.json(account, { ...call, method: 'DELETE' })).to.equal(undefined);
      expect(await client.json(account, { ...call, method: 'POST' })).to.equal(undefined);
    });

    it('reads compressed JSON', async () => {
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      await using api = await aServer(answering(200, gzipSync('{"a":1}'), headers));
      const { client } = aClient();
      expect(await client.json(account, { api: anApi(api.url), path: '' })).to.deep.equal({ a: 1 });
    });

    it('refuses a path out of the base URL before anything is sent', async () => {
      await using api = await aServer(answeringJson(200, {}));
      const { client, broker } = aClient();
      for (const path of ['/../x', '/%2e%2e/x', '//evil.example', 'https://evil.example/']) {
        await failureOf(client.json(account, { api: anApi(api.url), path }), Forbidden);
      }
      expect(api.seen).to.have.length(0);
      expect(broker.requests).to.have.length(0);
    });

    describe('when the API refuses the access token', () => {
      it('sends a renewed one, once', async () => {
        await using api = await aServer(answering(401), answeringJson(200, { a: 1 }));
        const { client, broker, lines } = aClient();
        const call = {
          api: anApi(api.url),
          path: '/me',
          method: 'POST',
          body: Buffer.from('body'),
        };
        expect(await client.json(account, call)).to.deep.equal({ a: 1 });
        expect(broker.requests).to.deep.equal([
          { scopes: ['user.read'] },
          { scopes: ['user.read'], refused: `${CANARY}-1` },
        ]);
        expect(api.seen.map(({ headers }) => headers.authorization)).to.deep.equal([
          `Bearer ${CANARY}-1`,
          `Bearer ${CANARY}-2`,
        ]);
        expect(lines.join()).to.include('api_token_refused').and.not.include(CANARY);
      });

      it('asks for what a claims challenge wants', async () => {
        const refusal = answering(401, '', {
          'www-authenticate': ['Basic realm="a, b"', challenge],
        });
        await using api = await aServer(refusal, answeringJson(200, {}));
        const { client, broker } = aClient();
        await client.json(account, { api: anApi(api.url), path: '/me' });
        expect(broker.requests[1]).to.deep.equal({
          scopes: ['user.read'],
          refused: `${CANARY}-1`,
          claims,
        });
      });

      it('fails after two requests when the renewed one is refused, too', async () => {
        const body = { error: { code: 'InvalidAuthenticationToken', message: `${CANARY}-1` } };
        await using api = await aServer(answeringJson(401, body, { 'request-id': 'r-1' }));
        const { client, lines } = aClient();
        const call = { api: anApi(api.url), path: '/me' };
        const error = await failureOf(client.json(account, call), ApiFailed);
        expect(error.detail).to.deep.equal({
          api: 'GraphBeta',
          apiStatus: 401,
          error: 'InvalidAuthenticationToken',
          correlationId: 'r-1',
        });
        expect(api.seen).to.have.length(2);
        expectNoToken(error, lines);
      });

      it('does not send a streamed body twice, but has the access token renewed, and says to send it again', async () => {
        await using api = await aServer(answering(401), answeringJson(200, {}));
        const { client, broker } = aClient();
        const body = Readable.from([Buffer.from('once')]);
        const call = { api: anApi(api.url), path: '/me', method: 'PUT', body };
        const error = await failureOf(client.json(account, call), Unavailable);
        expect(error.detail).to.include({ apiStatus: 401, error: 'token_renewed' });
        expect(error).to.include({ retryAfterSeconds: 1, outcome: 'not-done' });
        expect(api.seen).to.have.length(1);
        expect(broker.requests[1]?.refused).to.equal(`${CANARY}-1`);
      });

      it('lets through that the person is needed', async () => {
        await using api = await aServer(answering(401, '', { 'www-authenticate': challenge }));
        const { client, broker } = aClient();
        broker.failure = new SignInRequired('interaction', { claims });
        const call = { api: anApi(api.url), path: '/me' };
        const error = await failureOf(client.json(account, call), SignInRequired);
        expect(error).to.equal(broker.failure);
        expect(api.seen).to.have.length(1);
      });
    });

    describe('when the API refuses the request', () => {
      const refusals: readonly [status: number, code: string, says: RegExp][] = [
        [400, 'badRequest', /refused the request \(400\)/],
        [403, 'ErrorAccessDenied', /does not let you/],
        [404, 'itemNotFound', /nothing at this place/],
        [500, 'generalException', /fault of its own \(500\)/],
      ];
      for (const [status, code, says] of refusals) {
        it(`fails with what a ${status} said, once`, async () => {
          const body = { error: { code, message: `You sent ${CANARY}-1` } };
          await using api = await aServer(answeringJson(status, body, { 'request-id': 'r-2' }));
          const { client, lines } = aClient();
          const call = { api: anApi(api.url), path: '/me' };
          const error = await failureOf(client.json(account, call), ApiFailed);
          expect(error.message)
            .to.match(says)
            .and.match(/^GraphBeta /);
          expect(error.detail).to.deep.equal({
            api: 'GraphBeta',
            apiStatus: status,
            error: code,
            correlationId: 'r-2',
          });
          expect(api.seen).to.have.length(1);
          expectNoToken(error, lines);
        });
      }

      it('says which permission is missing, where the API names it', async () => {
        const challenge = 'Bearer error="insufficient_scope", scope="Todos.Write"';
        const headers = { 'www-authenticate': challenge };
        for (const [status, says] of [
          [403, 'GraphBeta does not let you do this. It wants the permission Todos.Write.'],
          [404, 'GraphBeta has nothing at this place.'],
        ] as const) {
          await using api = await aServer(answeringJson(status, {}, headers));
          const call = { api: anApi(api.url), path: '/me' };
          const error = await failureOf(aClient().client.json(account, call), ApiFailed);
          expect(error.message).to.equal(says);
        }
      });

      it('takes over nothing that does not look like a code or an id', async () => {
        const body = { error: { code: `Bearer ${CANARY}-1` } };
        await using api = await aServer(answeringJson(403, body, { 'request-id': 'a b' }));
        const call = { api: anApi(api.url), path: '/me', correlationId: 'ours' };
        const error = await failureOf(aClient().client.json(account, call), ApiFailed);
        expect(error.detail).to.deep.equal({
          api: 'GraphBeta',
          apiStatus: 403,
          correlationId: 'ours',
        });
      });

      it('reads the code of an API that answers as OAuth does', async () => {
        await using api = await aServer(answeringJson(403, { error: 'insufficient_scope' }));
        const call = { api: anApi(api.url), path: '/me' };
        const error = await failureOf(aClient().client.json(account, call), ApiFailed);
        expect(error.detail.error).to.equal('insufficient_scope');
      });
    });

    describe('when the API is busy', () => {
      const json = { 'content-type': 'application/json' };

      it('waits as long as a short Retry-After says, and asks again', async () => {
        await using api = await aServer(
          answering(429, 'Too Many Requests', { 'retry-after': '0' }),
          answering(503, '', { 'retry-after': '0' }),
          answering(200, '[]', json),
        );
        const { client } = aClient({ backoffMs: 60_000 });
        expect(await client.json(account, { api: anApi(api.url), path: '' })).to.deep.equal([]);
        expect(api.seen).to.have.length(3);
      });

      it('waits the time asked for', async () => {
        await using api = await aServer(
          answering(429, '', { 'retry-after': '1' }),
          answering(200, '[]', json),
        );
        const before = performance.now();
        await aClient().client.json(account, { api: anApi(api.url), path: '' });
        expect(performance.now() - before).to.be.within(990, 3000);
      });

      it('gives up after two repetitions', async () => {
        await using api = await aServer(answering(503));
        const call = { api: anApi(api.url), path: '' };
        const error = await failureOf(aClient().client.json(account, call), Unavailable);
        expect(error.retryAfterSeconds).to.equal(5);
        expect(api.seen).to.have.length(3);
      });

      for (const status of [429, 503]) {
        it(`hands on a long Retry-After of a ${status} at once`, async () => {
          const refusal = answering(status, 'Too Many Requests', { 'retry-after': '120' });
          await using api = await aServer(refusal);
          const { client, lines } = aClient();
          const call = { api: anApi(api.url), path: '' };
          const error = await failureOf(client.json(account, call), Unavailable);
          expect(error.retryAfterSeconds).to.equal(120);
          expect(error.message).to.include('GraphBeta');
          expect(error.detail).to.deep.equal({ api: 'GraphBeta', apiStatus: status });
          expect(api.seen).to.have.length(1);
          expectNoToken(error, lines);
        });
      }

      it('reads a Retry-After that is a date', async () => {
        const date = new Date(Date.now() + 90_000).toUTCString();
        await using api = await aServer(answering(429, '', { 'retry-after': date }));
        const call = { api: anApi(api.url), path: '' };
        const error = await failureOf(aClient().client.json(account, call), Unavailable);
        expect(error.retryAfterSeconds).to.be.within(85, 91);
      });

      it('waits for no longer than its limit for one wait', async () => {
        await using api = await aServer(answering(429, '', { 'retry-after': '2' }));
        const { client } = aClient({ retryWaitMs: 1000 });
        const before = performance.now();
        await failureOf(client.json(account, { api: anApi(api.url), path: '' }), Unavailable);
        expect(performance.now() - before).to.be.below(900);
        expect(api.seen).to.have.length(1);
      });

      it('waits for nothing that goes beyond the time of the call', async () => {
        await using api = await aServer(answering(429, '', { 'retry-after': '2' }));
        const { client } = aClient({ requestMs: 1000 });
        const before = performance.now();
        await failureOf(client.json(account, { api: anApi(api.url), path: '' }), Unavailable);
        expect(performance.now() - before).to.be.below(900);
        expect(api.seen).to.have.length(1);
      });

      it('repeats what may not be done twice only where it was certainly not done', async () => {
        const [busy, told] = [answering(503), answering(503, '', { 'retry-after': '0' })];
        for (const [method, answer, times, isIdempotent] of [
          ...[['POST', busy, 1] as const, ['POST', told, 3] as const],
          ...[
            ['PATCH', busy, 1] as const,
            ['PATCH', answering(502, '', { 'retry-after': '0' }), 1] as const,
          ],
          ...[['POST', answering(429), 1] as const, ['POST', busy, 3, true] as const],
          ...[['PUT', busy, 3] as const, ['DELETE', answering(504), 3] as const],
          ['GET', busy, 1, false] as const,
        ]) {
          await using api = await aServer(answer);
          const call = { api: anApi(api.url), path: '', method, isIdempotent };
          await caught(aClient().client.json(account, call));
          expect(api.seen, `${method} ${isIdempotent}`).to.have.length(times);
        }
      });

      it('repeats nothing whose body cannot be sent twice', async () => {
        await using api = await aServer(answering(503, '', { 'retry-after': '0' }));
        const call = { api: anApi(api.url), path: '', method: 'PUT', body: Readable.from(['x']) };
        const error = await caught(aClient().client.json(account, call));
        expect(api.seen).to.have.length(1);
        expect(error).to.have.nested.property('detail.apiStatus', 503);
      });

      it('repeats as often as the section says', async () => {
        await using api = await aServer(answering(503));
        const limits = { requestMs: 5000, responseMs: 5000, maxRetries: 0, maxConcurrent: 9 };
        await caught(aClient().client.json(account, { api: anApi(api.url, { limits }), path: '' }));
        expect(api.seen).to.have.length(1);
      });
    });

    describe('when the answer is not what was asked for', () => {
      const bad: readonly [what: string, type: string, body: string][] = [
        ['HTML', 'text/html', '<p>Sign in here</p>'],
        ['broken JSON', 'application/json', `{"token": "${CANARY}-1", `],
        ['an empty body', 'application/json', ''],
        ['JSON of no type', '', '{}'],
      ];
      for (const [what, type, body] of bad) {
        it(`fails on ${what}`, async () => {
          await using api = await aServer(
            answering(200, body, type ? { 'content-type': type } : {}),
          );
          const { client, lines } = aClient();
          const call = { api: anApi(api.url), path: '' };
          const error = await failureOf(client.json(account, call), ApiFailed);
          expect(error.detail).to.include({ apiStatus: 200, error: 'unexpected_content' });
          expectNoToken(error, lines);
        });
      }
    });

    describe('when the API cannot be reached', () => {
      it('names it when the connection is refused', async () => {
        const closed = await aServer();
        await closed[Symbol.asyncDispose]();
        const { client, lines } = aClient();
        for (const [method, outcome] of [
          ['GET', 'not-done'],
          ['POST', 'not-done'],
        ] as const) {
          const call = { api: anApi(closed.url), path: '/me', method };
          const error = await failureOf(client.json(account, call), Unavailable);
          expect(error.message).to.include('GraphBeta');
          expect(error.detail.error).to.equal('ECONNREFUSED');
          expect(error.outcome).to.equal(outcome);
          expectNoToken(error, lines);
        }
      });

      it('asks again when a connection breaks, and does not when that could do something twice', async () => {
        await using api = await aServer(
          (request) => request.socket.destroy(),
          answeringJson(200, {}),
        );
        expect(
          await aClient().client.json(account, { api: anApi(api.url), path: '' }),
        ).to.deep.equal({});
        await using other = await aServer((request) => request.socket.destroy());
        const call = { api: anApi(other.url), path: '', method: 'POST' };
        const { client, lines } = aClient();
        const error = await failureOf(client.json(account, call), Unavailable);
        expect(error.outcome).to.equal('unknown');
        expect(other.seen).to.have.length(1);
        expectNoToken(error, lines);
      });

      it('does not wait for ever on silence', async () => {
        await using api = await aServer(() => {});
        const { client, lines } = aClient({ responseMs: 60 });
        const before = performance.now();
        const call = { api: anApi(api.url), path: '' };
        const error = await failureOf(client.json(account, call), Unavailable);
        expect(performance.now() - before).to.be.below(2000);
        expect(error.message).to.include('GraphBeta did not answer in time');
        expect(api.seen).to.have.length(1);
        expectNoToken(error, lines);
      });

      it('limits the whole of a call, however busily its body trickles', async () => {
        await using api = await aServer((_request, response) => {
          response.writeHead(200, { 'content-type': 'application/json' }).write('[1');
          const trickle = setInterval(() => response.write(',1'), 15);
          response.on('close', () => clearInterval(trickle));
        });
        const { client, lines } = aClient({ requestMs: 120 });
        const call = { api: anApi(api.url), path: '' };
        const before = performance.now();
        const error = await failureOf(client.json(account, call), Unavailable);
        expect(performance.now() - before).to.be.below(2000);
        expect(error.detail.error).to.equal('ETIMEDOUT');
        expectNoToken(error, lines);
      });

      it('limits the wait for a TLS handshake', async () => {
        const mute = createTcpServer();
        mute.listen(0, '127.0.0.1');
        await once(mute, 'listening');
        const address = mute.address();
        const port = typeof address === 'object' ? address?.port : 0;
        const sockets: { destroy(): void }[] = [];
        mute.on('connection', (socket) => sockets.push(socket));
        const call = { api: anApi(new URL(`https://127.0.0.1:${port}`)), path: '', method: 'POST' };
        const { client } = aClient({ connectMs: 60 });
        const error = await failureOf(client.json(account, call), Unavailable);
        expect(error.detail.error).to.equal('ETIMEDOUT');
        expect(error.outcome).to.equal('not-done');
        for (const socket of sockets) socket.destroy();
        mute.close();
      });

      it('ends with its signal', async () => {
        await using api = await aServer(() => {});
        const { client, lines } = aClient();
        const abort = new AbortController();
        const call = client.json(account, { api: anApi(api.url), path: '', signal: abort.signal });
        setTimeout(() => abort.abort(), 15);
        expectNoToken(await failureOf(call, Unavailable), lines);
      });
    });
  });

  describe('stream', () => {
    it('gives whatever status the API answers, its headers and its body', async () => {
      const headers = { 'content-type': 'image/png', etag: '"1"' };
      await using api = await aServer(
        answering(200, Buffer.from([1, 2]), headers),
        answering(404, 'x'),
      );
      const { client } = aClient();
      const call = { api: anApi(api.url), path: '/photo' };
      const found = await client.stream(account, call);
      expect(found.status).to.equal(200);
      expect(found.headers).to.include(headers);
      expect([...(await buffer(found.body))]).to.deep.equal([1, 2]);
      const missing = await client.stream(account, call);
      expect(missing.status).to.equal(404);
      expect((await buffer(missing.body)).toString()).to.equal('x');
      expect(api.seen[0]?.headers.accept).to.equal('*/*');
    });

    it('undoes a compression, and the headers that speak of it', async () => {
      const packed = gzipSync('unpacked');
      await using api = await aServer(answering(200, packed, { 'content-encoding': 'gzip' }));
      const answer = await aClient().client.stream(account, { api: anApi(api.url), path: '' });
      expect(answer.headers).not.to.have.any.keys('content-encoding', 'content-length');
      expect((await buffer(answer.body)).toString()).to.equal('unpacked');
    });

    it('answers HEAD without a body', async () => {
      await using api = await aServer(answering(200, '', { 'content-length': '99999999' }));
      const call = { api: anApi(api.url), path: '', method: 'HEAD' };
      const answer = await aClient().client.stream(account, call);
      expect(await buffer(answer.body)).to.have.length(0);
    });

    it('fails with 401 only after a renewal, so that nobody takes it for a lost session', async () => {
      await using api = await aServer(answering(401));
      const call = { api: anApi(api.url), path: '' };
      const error = await failureOf(aClient().client.stream(account, call), ApiFailed);
      expect(error.detail.apiStatus).to.equal(401);
      expect(api.seen).to.have.length(2);
    });

    it('ends the request at the API when its reader goes away', async () => {
      let closed: Promise<unknown> | undefined;
      await using api = await aServer((_request, response) => {
        closed = once(response, 'close');
        response.writeHead(200).write('first');
      });
      const answer = await aClient().client.stream(account, { api: anApi(api.url), path: '' });
      answer.body.destroy();
      await closed;
    });

    it('fails while it is read when the API falls silent or breaks off', async () => {
      await using silent = await aServer((_request, response) => {
        response.writeHead(200).write('first');
      });
      await using broken = await aServer((_request, response) => {
        response.writeHead(200, { 'content-length': '10' }).write('first');
        setTimeout(() => response.destroy(), 15);
      });
      const { client, lines } = aClient({ idleMs: 80 });
      for (const api of [silent, broken]) {
        const answer = await client.stream(account, { api: anApi(api.url), path: '' });
        const error = await failureOf(buffer(answer.body), Unavailable);
        expect(error.message).to.include('GraphBeta');
        expectNoToken(error, lines);
      }
    });

    for (const [status, headers] of [
      [101, 'connection: upgrade\r\nupgrade: x\r\n'],
      [101, ''],
      [600, ''],
      [999, ''],
    ] as const) {
      it(`fails on ${status}${headers && ' to another protocol'}, which is no answer to a request`, async () => {
        await using api = await aServer((_request, { socket }) => {
          socket?.write(`HTTP/1.1 ${status} Odd\r\n${headers}\r\n`);
        });
        const { client, lines } = aClient();
        const call = client.stream(account, { api: anApi(api.url), path: '' });
        const error = await failureOf(call, ApiFailed);
        expect(error.detail).to.include({ api: 'GraphBeta', apiStatus: status });
        expectNoToken(error, lines);
      });
    }

    it('does not bring the process down when a body fails that nobody reads', async () => {
      await using api = await aServer((_request, response) => {
        response.writeHead(200, { 'content-length': '10' }).write('first');
        setTimeout(() => response.destroy(), 5);
      });
      const answer = await aClient().client.stream(account, { api: anApi(api.url), path: '' });
      await new Promise((resolve) => answer.body.once('close', resolve));
      await failureOf(buffer(answer.body), Unavailable);
    });
  });

  describe('with 50 MB', () => {
    const chunk = Buffer.alloc(64 * 1024, ' ');
    let api: TestServer;
    let sent = 0;

    beforeEach(async () => {
      sent = 0;
      api = await aServer(async (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        for (let i = 0; i < 800 && !response.destroyed; i += 1) {
          sent += chunk.length;
          if (!response.write(chunk)) await once(response, 'drain').catch(() => {});
        }
        response.end();
      });
    });

    afterEach(() => api[Symbol.asyncDispose]());

    it('stops early, for JSON and for a stream', async () => {
      const { client, lines } = aClient();
      const call = { api: anApi(api.url), path: '' };
      const error: AppError = await failureOf(client.json(account, call), ApiFailed);
      expect(error.message).to.include('more than the 2 MB');
      expect(error.detail.error).to.equal('too_large');
      expect(sent).to.be.below(16 * 1024 * 1024);
      expectNoToken(error, lines);
      sent = 0;
      const answer = await client.stream(account, call);
      let received = 0;
      const reading = (async () => {
        for await (const part of answer.body) received += part.length;
      })();
      expect((await failureOf(reading, ApiFailed)).message).to.include('more than the 25 MB');
      expect(received).to.be.at.most(25 * 1024 * 1024);
      expect(sent).to.be.below(40 * 1024 * 1024);
    });

    it('keeps little in memory for a reader that is slow', async () => {
      const answer = await aClient().client.stream(account, { api: anApi(api.url), path: '' });
      await once(answer.body, 'readable');
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(answer.body.readableLength).to.be.below(1024 * 1024);
      answer.body.destroy();
    });

    it('fails before the first byte when the size is announced', async () => {
      const length = { 'content-length': String(50 * 1024 * 1024) };
      await using announcing = await aServer((_request, response) => {
        response.writeHead(200, length).write('x');
      });
      const call = { api: anApi(announcing.url), path: '' };
      await failureOf(aClient().client.stream(account, call), ApiFailed);
    });

    it('stops a small body that unpacks to a large one', async () => {
      const bomb = gzipSync(Buffer.alloc(30 * 1024 * 1024));
      await using packed = await aServer(answering(200, bomb, { 'content-encoding': 'gzip' }));
      const call = { api: anApi(packed.url), path: '' };
      const answer = await aClient().client.stream(account, call);
      await failureOf(buffer(answer.body), ApiFailed);
    });
  });

  describe('when the API redirects', () => {
    const to = (url: string | URL, status = 302) =>
      answering(status, '', { location: String(url) });

    it('does not follow to a host that the section does not name', async () => {
      await using other = await aServer(answeringJson(200, {}));
      for (const status of [301, 302, 303, 307, 308]) {
        await using api = await aServer(to(other.url, status));
        const { client, lines } = aClient();
        const call = { api: anApi(api.url), path: '/me' };
        const error = await failureOf(client.json(account, call), ApiFailed);
        expect(error.detail).to.include({ apiStatus: status, error: 'redirect_refused' });
        expectNoToken(error, lines);
        await failureOf(client.stream(account, call), ApiFailed);
      }
      expect(other.seen).to.have.length(0);
    });

    it('follows to a host that it names, without access token or cookies', async () => {
      await using other = await aServer(answeringJson(200, { a: 1 }, { 'set-cookie': 'a=b' }));
      await using api = await aServer(
        answering(302, '', { location: new URL('/x?y=1', other.url).href, 'set-cookie': 'c=d' }),
      );
      const call = {
        api: anApi(api.url, { redirectHosts: ['LOCALHOST', other.url.host] }),
        path: '/me',
        headers: { 'if-match': '"1"', prefer: 'x' },
        correlationId: 'c-1',
      };
      expect(await aClient().client.json(account, call)).to.deep.equal({ a: 1 });
      expect(other.seen[0]?.url).to.equal('/x?y=1');
      expect(JSON.stringify(other.seen)).not.to.include(CANARY);
      expect(other.seen[0]?.headers).to.have.all.keys(
        'accept',
        'accept-encoding',
        'connection',
        'host',
        'user-agent',
      );
    });

    it('follows three times and no more, looking at each host', async () => {
      await using end = await aServer(answeringJson(200, { end: true }));
      await using loop = await aServer((request, response) => {
        response.writeHead(302, { location: request.url ?? '' }).end();
      });
      const hop = (url: URL, more: number): string =>
        `${url.origin}/hop?next=${more > 1 ? encodeURIComponent(hop(url, more - 1)) : end.url.href}`;
      await using hops = await aServer((request, response) => {
        const next = new URL(request.url ?? '', end.url).searchParams.get('next');
        response.writeHead(302, { location: next ?? '' }).end();
      });
      const { client } = aClient();
      const redirectHosts = [end.url.host, hops.url.host, loop.url.host];
      const run = async (first: string) => {
        await using api = await aServer(to(first));
        return await client.json(account, { api: anApi(api.url, { redirectHosts }), path: '' });
      };
      expect(await run(hop(hops.url, 2))).to.deep.equal({ end: true });
      await failureOf(run(hop(hops.url, 3)), ApiFailed);
      await failureOf(run(loop.url.href), ApiFailed);
      expect(loop.seen).to.have.length(3);
      redirectHosts.splice(0, 1);
      await failureOf(run(hop(hops.url, 1)), ApiFailed);
    });

    it('refuses a place without TLS off loopback, with credentials, of another scheme, or none', async () => {
      const redirectHosts = ['files.example', 'files.example:80', '127.0.0.1:1'];
      for (const place of [
        'http://files.example/x',
        'https://user:password@files.example/x',
        'https://files.example:444/x',
        'https://files.example.evil.example/x',
        'ftp://files.example/x',
        'data:application/json,{}',
        'file:///etc/passwd',
        'https://',
        '/relative',
      ]) {
        await using api = await aServer(to(place));
        const call = { api: anApi(api.url, { redirectHosts }), path: '' };
        const error = await failureOf(aClient().client.json(account, call), ApiFailed);
        expect(error.detail.error, place).to.equal('redirect_refused');
        expect(api.seen, place).to.have.length(1);
      }
      await using silent = await aServer(answering(302));
      await failureOf(
        aClient().client.json(account, { api: anApi(silent.url), path: '' }),
        ApiFailed,
      );
    });

    it('follows for reading only', async () => {
      await using other = await aServer(answeringJson(200, {}));
      await using api = await aServer(to(other.url, 307));
      const call = { api: anApi(api.url, { redirectHosts: [other.url.host] }), path: '' };
      const { client } = aClient();
      await failureOf(
        client.json(account, { ...call, method: 'POST', body: Buffer.from('x') }),
        ApiFailed,
      );
      expect(other.seen).to.have.length(0);
      expect((await client.stream(account, { ...call, method: 'HEAD' })).status).to.equal(200);
    });

    it('does not renew the access token when the other host answers 401', async () => {
      await using other = await aServer(answering(401));
      await using api = await aServer(to(other.url));
      const call = { api: anApi(api.url, { redirectHosts: [other.url.host] }), path: '' };
      const { client, broker } = aClient();
      await failureOf(client.json(account, call), ApiFailed);
      expect(broker.requests).to.have.length(1);
    });
  });

  it('reports a call that cannot be made as a fault of ours, without the access token', async () => {
    const { client, lines } = aClient();
    const call = {
      api: anApi(new URL('http://127.0.0.1:1')),
      path: '',
      headers: { 'x-a': 'a\nb' },
    };
    const error = await failureOf(client.json(account, call), Error);
    expect(error).not.to.be.instanceOf(Unavailable);
    expectNoToken(error, lines);
  });
});
