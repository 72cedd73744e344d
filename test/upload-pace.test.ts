/** Uploads may take their time, and may not stand still. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { systemClock } from '../src/clock.ts';
import { keepUploadPace } from '../src/upload-pace.ts';

const WINDOW_MS = 100;
const TIMES = 40;

describe('The pace of uploads', () => {
  /** Sends so many bytes every 20 ms, 40 times or until the connection is ended; gives the answer. */
  async function upload(bytes: number, answerAt: 'once' | 'the end'): Promise<string> {
    const server = createServer(async (received, response) => {
      if (answerAt === 'the end') await text(received).catch(() => '');
      response.end('taken');
    }).listen(0, '127.0.0.1');
    keepUploadPace(server, { windowMs: WINDOW_MS, minBytes: 1000 });
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || !address) throw new Error('no port');
    const socket = connect(address.port, '127.0.0.1').on('error', () => undefined);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes * TIMES}\r\n\r\n`);
    try {
      for (let times = 0; times < TIMES; times += 1) {
        if (socket.closed) return 'ended';
        socket.write(Buffer.alloc(bytes));
        await systemClock.sleep(20);
      }
      while (answer === '' && !socket.closed) await systemClock.sleep(5);
      return answer.includes('taken') ? 'taken' : 'ended';
    } finally {
      socket.destroy();
      server.closeAllConnections();
      server.close();
    }
  }

  it('lets one that goes on take longer than any window', async () => {
    expect(await upload(2000, 'the end')).to.equal('taken');
  });

  it('ends one that hardly comes', async () => {
    expect(await upload(1, 'the end')).to.equal('ended');
  });

  it('ends one that still comes long after it was answered', async () => {
    expect(await upload(2000, 'once')).to.equal('ended');
  });
});
