/** A body on its way to an API: kept whole where it is small, and never taken for whole when it is not. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { type BodyToRelay, bodyToRelay } from '../../src/web/body-to-relay.ts';
import { caught } from '../support/caught.ts';

const MAX = 1000;

describe('A body to relay', () => {
  /** What the server makes of a request whose body is `bytes`, of which so many are sent. */
  async function received<T>(
    bytes: number,
    { chunked = false, sent = bytes }: { chunked?: boolean; sent?: number },
    use: (body: BodyToRelay | undefined) => Promise<T>,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const server = createServer((incoming, response) => {
      bodyToRelay(incoming, MAX)
        .then(use)
        .then(resolve, reject)
        .finally(() => response.end());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || !address) throw new Error('no port');
    const headers = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': bytes };
    const outgoing = request({ port: address.port, method: 'PUT', agent: false, headers });
    outgoing.on('error', () => undefined);
    outgoing.write(Buffer.alloc(sent, 'x'), () => {
      if (sent < bytes) outgoing.destroy();
      else outgoing.end();
    });
    try {
      return await promise;
    } finally {
      outgoing.destroy();
      server.closeAllConnections();
      server.close();
    }
  }

  for (const chunked of [false, true]) {
    const how = chunked ? 'in chunks' : 'with its length';
    it(`is whole up to the limit, ${how}`, async () => {
      const body = await received(MAX, { chunked }, async (it) => it);
      expect(body).to.deep.equal({ bytes: MAX, body: Buffer.alloc(MAX, 'x') });
    });

    it(`is a stream beyond it, ${how}`, async () => {
      const bytes = 200_000;
      const all = await received(bytes, { chunked }, async (it) => {
        if (!it || Buffer.isBuffer(it.body)) return it;
        expect(it.bytes).to.equal(chunked ? undefined : bytes);
        return await buffer(it.body);
      });
      expect(all).to.deep.equal(Buffer.alloc(bytes, 'x'));
    });

    it(`fails when it breaks off, ${how}`, async () => {
      const broken = received(200_000, { chunked, sent: 100_000 }, async (it) => {
        if (!it || Buffer.isBuffer(it.body)) return it;
        return await buffer(it.body);
      });
      expect(await caught(broken)).to.be.instanceOf(Error);
    });
  }

  it('is none where there is none', async () => {
    expect(await received(0, {}, async (it) => it)).to.equal(undefined);
  });
});
