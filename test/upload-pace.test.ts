/** Uploads may take their time, and may not stand still. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { systemClock } from '../src/clock.ts';
import { keepUploadPace } from '../src/upload-pace.ts';
import { caught } from './support/caught.ts';

const WINDOW_MS = 100;

describe('The pace of uploads', () => {
  /** Sends so many bytes every 20 ms, 40 times or until it is answered; gives the answer. */
  async function upload(bytes: number, answerAt: 'once' | 'the end'): Promise<string> {
    const server = createServer(async (received, response) => {
      if (answerAt === 'the end') await text(received).catch(() => '');
      response.end('taken');
    }).listen(0, '127.0.0.1');
    keepUploadPace(server, { windowMs: WINDOW_MS, minBytes: 1000 });
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || !address) throw new Error('no port');
    const sent = request({ port: address.port, method: 'PUT', agent: false });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    sent.once('error', reject);
    sent.once('response', (response) => text(response).then(resolve, reject));
    sent.once('close', () => reject(new Error('closed')));
    try {
      for (let times = 0; times < 40 && !sent.destroyed; times += 1) {
        sent.write(Buffer.alloc(bytes));
        await systemClock.sleep(20);
      }
      if (sent.destroyed) throw new Error('broken off');
      sent.end();
      return await promise;
    } finally {
      promise.catch(() => undefined);
      sent.destroy();
      server.closeAllConnections();
      server.close();
    }
  }

  it('lets one that goes on take longer than any window', async () => {
    expect(await upload(2000, 'the end')).to.equal('taken');
  });

  it('ends one that hardly comes', async () => {
    expect(await caught(upload(1, 'the end'))).to.be.instanceOf(Error);
  });

  it('ends one that still comes long after it was answered', async () => {
    expect(await caught(upload(2000, 'once'))).to.be.instanceOf(Error);
  });
});
