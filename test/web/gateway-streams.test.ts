/** What passes the gateway passes as it comes: of any size, no faster than it is read, and never cut off unseen. */
import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { buffer, text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { ApiFailed, Unavailable } from '../../src/errors.ts';
import { aClient, account, anApi, answering, aServer, CANARY } from '../downstream/api-rig.ts';
import { caught } from '../support/caught.ts';
import { aGateway, answerTo, until } from './a-gateway.ts';

const MB = 2 ** 20;
const CHUNK = Buffer.alloc(64 * 1024, 'x');
const LARGE = Buffer.alloc(3 * MB, 'y');

/** Writes as fast as it is taken, up to so many bytes. */
function pour(response: ServerResponse, bytes: number, written: { bytes: number }): void {
  const more = () => {
    while (written.bytes < bytes) {
      written.bytes += CHUNK.length;
      if (!response.write(CHUNK)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}

/** Until nothing more has been added for a while. */
async function settled(count: () => number): Promise<number> {
  for (;;) {
    const before = count();
    await systemClock.sleep(150);
    if (count() === before) return before;
  }
}

describe('The gateway, with streams', () => {
  describe('to the API', () => {
    it('hands on an upload while it comes, with its length', async () => {
      let first = 0;
      let whole: Buffer | undefined;
      await using at = await aGateway(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) {
          first ||= chunk.length;
          chunks.push(chunk);
        }
        whole = Buffer.concat(chunks);
        response.writeHead(201).end();
      });
      const sent = at.send('PUT', '/open/a', { 'content-length': String(LARGE.length) });
      sent.write(LARGE.subarray(0, MB));
      await until(() => first > 0, 'the API has the beginning');
      sent.end(LARGE.subarray(MB));
      const answer = await answerTo(sent);
      expect(answer.statusCode).to.equal(201);
      expect(whole?.equals(LARGE)).to.equal(true);
      expect(at.api.seen[0]?.headers['content-length']).to.equal(String(LARGE.length));
    });

    it('takes an upload no faster than the API does', async () => {
      let read: () => void = () => undefined;
      await using at = await aGateway((request, response) => {
        read = () => buffer(request).then((all) => response.end(String(all.length)));
      });
      const sent = at.send('PUT', '/open/a', { 'transfer-encoding': 'chunked' });
      let handed = 0;
      const more = () => {
        while (handed < 96 * MB) {
          handed += CHUNK.length;
          if (!sent.write(CHUNK)) {
            sent.once('drain', more);
            return;
          }
        }
        sent.end();
      };
      more();
      // What the kernel's buffers of two connections hold, and little more.
      expect(await settled(() => handed)).to.be.below(48 * MB);
      read();
      expect(await text(await answerTo(sent))).to.equal(String(96 * MB));
    });

    it('sends a small body again with a renewed access token, announced or not', async () => {
      const bodies: string[] = [];
      await using at = await aGateway(async (request, response) => {
        bodies.push(await text(request));
        response.writeHead(bodies.length % 2 === 1 ? 401 : 200).end();
      });
      for (const headers of [{ 'content-length': '5' }, { 'transfer-encoding': 'chunked' }]) {
        const sent = at.send('POST', '/open/a', headers);
        sent.end('small');
        expect((await answerTo(sent)).statusCode).to.equal(200);
      }
      expect(bodies).to.deep.equal(['small', 'small', 'small', 'small']);
    });

    it('asks to send a large body again, not to sign in, when the access token was refused', async () => {
      await using at = await aGateway(async (request, response) => {
        await buffer(request);
        response.writeHead(at.api.seen.length === 1 ? 401 : 200).end();
      });
      const upload = () => {
        const sent = at.send('PUT', '/open/a', { 'content-length': String(LARGE.length) });
        sent.end(LARGE);
        return answerTo(sent);
      };
      const refused = await upload();
      expect(refused.statusCode).to.equal(503);
      expect(refused.headers).to.include({ 'retry-after': '1' });
      expect(await text(refused)).to.include('Files wants this to be sent again.');
      expect(at.broker.requests[1]).to.include({ refused: `${CANARY}-1` });
      expect((await upload()).statusCode).to.equal(200);
    });

    it('answers an upload that the API refuses early', async () => {
      await using at = await aGateway((request, response) => {
        request.once('data', () => response.writeHead(413).end('too much'));
      });
      const headers = { 'content-length': String(24 * MB), connection: 'keep-alive' };
      const sent = at.send('PUT', '/open/a', headers);
      sent.end(Buffer.alloc(24 * MB));
      const answer = await answerTo(sent);
      expect(answer.statusCode).to.equal(413);
      await until(() => sent.writableFinished, 'all is sent');
      expect((await at.browser.fetch('/api/session')).status).to.equal(200);
    });

    it('takes an upload in that it cannot hand on: browsers read no answer before all is sent', async () => {
      await using at = await aGateway((_, response) => response.end());
      at.web.apiClient.relay = () => Promise.reject(new Unavailable('not now'));
      for (const headers of [
        { 'content-length': String(24 * MB) },
        { 'transfer-encoding': 'chunked' },
      ]) {
        const sent = at.send('PUT', '/open/a', { ...headers, connection: 'keep-alive' });
        sent.end(Buffer.alloc(24 * MB));
        expect((await answerTo(sent)).statusCode).to.equal(503);
        await until(() => sent.writableFinished, 'all is sent');
      }
    });

    it('lets a sender that waits for leave begin (RFC 9110 §10.1.1)', async () => {
      await using at = await aGateway(async (request, response) => {
        response.end(await text(request));
      });
      const sent = at.send('PUT', '/open/a', { 'content-length': '2', expect: '100-continue' });
      sent.flushHeaders();
      await once(sent, 'continue');
      sent.end('hi');
      expect(await text(await answerTo(sent))).to.equal('hi');
      expect(at.api.seen[0]?.headers).not.to.have.property('expect');
    });
  });

  describe('to the browser', () => {
    it('takes an answer no faster than the browser does', async () => {
      const written = { bytes: 0 };
      await using at = await aGateway((_, response) => pour(response, 96 * MB, written));
      const sent = at.send('GET', '/open/a');
      sent.end();
      const answer = await answerTo(sent);
      answer.pause();
      expect(await settled(() => written.bytes)).to.be.below(48 * MB);
      expect(await buffer(answer)).to.have.length(96 * MB);
    });

    it('begins an event stream at once, and passes each event as it comes', async () => {
      let emit: (event: string) => void = () => undefined;
      await using at = await aGateway((_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.flushHeaders();
        emit = (event) => response.write(`data: ${event}\n\n`);
      });
      const sent = at.send('GET', '/open/a', { accept: 'text/event-stream' });
      sent.end();
      const answer = await answerTo(sent);
      expect(answer.headers).to.include({
        'content-type': 'text/event-stream',
        'x-accel-buffering': 'no',
        'content-disposition': 'attachment',
      });
      expect(answer.headers).not.to.have.any.keys('content-encoding', 'content-length');
      for (const event of ['one', 'two']) {
        emit(event);
        expect(String((await once(answer, 'data'))[0])).to.equal(`data: ${event}\n\n`);
      }
      sent.destroy();
    });

    it('passes on parts, and what they depend on', async () => {
      await using at = await aGateway(
        answering(206, 'part', {
          'content-type': 'application/pdf',
          'content-range': 'bytes 0-3/100',
          'accept-ranges': 'bytes',
          etag: '"1"',
        }),
      );
      const headers = { range: 'bytes=0-3', 'if-range': '"1"' };
      const answer = await at.browser.fetch('/api/files/open/a', { headers });
      expect([answer.status, answer.text]).to.deep.equal([206, 'part']);
      expect(answer.headers).to.include({ 'content-range': 'bytes 0-3/100', etag: '"1"' });
      expect(at.api.seen[0]?.headers).to.include(headers);
    });

    it('passes on that nothing has changed', async () => {
      await using at = await aGateway(answering(304, '', { etag: '"1"' }));
      const headers = { 'if-none-match': '"1"' };
      const answer = await at.browser.fetch('/api/files/open/a', { headers });
      expect([answer.status, answer.text]).to.deep.equal([304, '']);
      expect(answer.headers).to.include({ etag: '"1"' });
      expect(at.api.seen[0]?.headers).to.include(headers);
    });

    it('answers HEAD with the length, and 204 with nothing', async () => {
      await using at = await aGateway(({ method }, response) => {
        if (method === 'HEAD') response.writeHead(200, { 'content-length': '123' }).end();
        else response.writeHead(204).end();
      });
      const head = await at.browser.fetch('/api/files/open/a', { method: 'HEAD' });
      expect([head.status, head.headers['content-length']]).to.deep.equal([200, '123']);
      const none = await at.browser.fetch('/api/files/open/a', { method: 'DELETE' });
      expect([none.status, none.text]).to.deep.equal([204, '']);
    });

    it('passes on compressed bytes as they are, to who asked for them', async () => {
      const packed = gzipSync(Buffer.alloc(2 * MB));
      await using at = await aGateway(
        answering(200, packed, { 'content-encoding': 'gzip', 'content-type': 'application/json' }),
      );
      const sent = at.send('GET', '/open/a', { 'accept-encoding': 'gzip, br' });
      sent.end();
      const answer = await answerTo(sent);
      expect(answer.headers['content-encoding']).to.equal('gzip');
      const bytes = await buffer(answer);
      expect(bytes.equals(packed)).to.equal(true);
      expect(gunzipSync(bytes)).to.have.length(2 * MB);
      expect(at.api.seen[0]?.headers['accept-encoding']).to.equal('gzip, br');
      await at.browser.fetch('/api/files/open/a');
      expect(at.api.seen[1]?.headers['accept-encoding']).to.equal('identity');
    });

    it('takes a part from where the API leads, without the access token', async () => {
      await using files = await aServer(answering(206, 'part'));
      await using at = await aGateway(answering(302, '', { location: `${files.url}/x` }), {
        api: { redirectHosts: [files.url.host] },
      });
      const headers = { range: 'bytes=0-3', 'accept-encoding': 'br' };
      const answer = await at.browser.fetch('/api/files/open/a', { headers });
      expect([answer.status, answer.text]).to.deep.equal([206, 'part']);
      expect(files.seen[0]?.headers).to.include(headers).and.not.have.property('authorization');
    });
  });

  describe('when one side breaks off', () => {
    const broken: Record<string, RequestListener> = {
      'before its length': (_, response) => {
        response.writeHead(200, { 'content-length': 9 * MB });
        response.write(CHUNK, () => response.destroy());
      },
      'without an end': (_, response) => {
        response.writeHead(200);
        response.write(CHUNK, () => response.destroy());
      },
    };
    for (const [how, answer] of Object.entries(broken)) {
      it(`breaks the answer that the API broke off ${how}`, async () => {
        await using at = await aGateway(answer);
        const sent = at.send('GET', '/open/a');
        sent.end();
        const read = await answerTo(sent);
        const error = await caught(buffer(read));
        expect(error).to.have.property('code', 'ECONNRESET');
        expect(read.complete).to.equal(false);
        expect((await at.browser.fetch('/api/session')).status).to.equal(200);
      });
    }

    it('ends an answer that stands still, if it is the API that is silent', async () => {
      const answer: RequestListener = (_, response) => {
        response.writeHead(200);
        response.write('half');
      };
      await using at = await aGateway(answer, { limits: { relayIdleMs: 100 } });
      const sent = at.send('GET', '/open/a');
      sent.end();
      expect(await caught(buffer(await answerTo(sent)))).to.have.property('code', 'ECONNRESET');
    });

    it('ends the call of the API at once, wherever the browser goes away', async () => {
      const open = new Set<ServerResponse>();
      await using at = await aGateway((request, response) => {
        open.add(response);
        response.once('close', () => open.delete(response));
        if (request.url?.endsWith('/streaming')) pour(response, 96 * MB, { bytes: 0 });
        if (request.url?.endsWith('/sending')) request.resume();
      });
      for (const [method, what] of [
        ['GET', 'waiting'],
        ['GET', 'streaming'],
        ['PUT', 'sending'],
      ] as const) {
        const headers = method === 'PUT' ? { 'content-length': String(9 * MB) } : {};
        const sent = at.send(method, `/open/${what}`, { ...headers });
        const answer = answerTo(sent);
        answer.catch(() => undefined);
        sent.on('error', () => undefined);
        if (method === 'PUT') sent.write(LARGE);
        else sent.end();
        await until(() => open.size === 1, `${what} has begun`);
        if (what === 'streaming') await answer;
        sent.destroy();
        await until(() => open.size === 0, `${what} has ended at the API`);
      }
    });

    it('says when the API does not answer in time, and shows no token in any failure', async () => {
      await using silent = await aServer(() => undefined);
      await using rude = await aServer((request) => request.socket.destroy());
      await using odd = await aServer((request) => request.socket.write('HTTP/1.1 099 No\r\n\r\n'));
      const { client } = aClient({ responseMs: 50, maxRetries: 0 });
      for (const server of [silent, rude, odd]) {
        const call = { api: anApi(server.url), path: '/x', method: 'POST', body: Buffer.from('x') };
        const error = await caught(client.relay(account, call));
        if (server === odd) expect(error).to.be.instanceOf(ApiFailed);
        else expect(error).to.be.instanceOf(Unavailable).and.have.property('outcome', 'unknown');
        expect(inspect(error, { depth: null, showHidden: true })).not.to.include(CANARY);
      }
    });
  });
});
