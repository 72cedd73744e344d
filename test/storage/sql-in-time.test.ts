/** The limit of an operation: what comes in time counts, and what only was read late, too. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { inTime } from '../../src/storage/sql-in-time.ts';
import { caught } from '../support/caught.ts';

const LATE = new Error('late');
const never = new Promise<never>(() => undefined);

describe('inTime', () => {
  it('gives what comes in time, or its failure', async () => {
    const limit = AbortSignal.timeout(1000);
    expect(await inTime(Promise.resolve('a'), limit, LATE)).to.equal('a');
    const failure = new Error('failed');
    expect(await caught(inTime(Promise.reject(failure), limit, LATE))).to.equal(failure);
  });

  it('fails once the limit is over, or was', async () => {
    expect(await caught(inTime(never, AbortSignal.timeout(10), LATE))).to.equal(LATE);
    expect(await caught(inTime(never, AbortSignal.abort(), LATE))).to.equal(LATE);
  });

  it('reads an answer that came while this process itself was held up', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || !address) throw new Error('no port');
    const client = connect(address.port, '127.0.0.1');
    const [peer]: Socket[] = await once(server, 'connection');
    const answer = once(client, 'data').then(([bytes]) => String(bytes));
    const limited = inTime(answer, AbortSignal.timeout(20), LATE);
    peer?.write('a');
    const begun = performance.now();
    while (performance.now() - begun < 60);
    expect(await limited).to.equal('a');
    client.destroy();
    server.close();
  });
});
