/** The faults of single paths of the sandbox's APIs: late answers, broken answers, throttling. */
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { ada, type Call, graphAs } from './graph/api-client.ts';

describe('Sandbox faults of one path', () => {
  let sandbox: Sandbox;
  let call: Call;
  beforeEach(async () => {
    sandbox = await startSandbox();
    call = await graphAs(sandbox, ada, 'User.Read Mail.Read Files.Read');
  });
  afterEach(() => sandbox.close());

  const outcomeOf = async (path: string): Promise<number | 'broken'> => {
    try {
      return (await call(path)).status;
    } catch {
      // A connection that ends in the middle is what is looked for.
      return 'broken';
    }
  };

  it('hold back one path and not the others', async () => {
    sandbox.controls.slow('graph', '/me/messages', 300);
    const before = performance.now();
    expect((await call('/me')).status).to.equal(200);
    await call('/me/messages');
    expect(performance.now() - before).to.be.at.least(295);
    sandbox.controls.mendAll();
    sandbox.controls.slow('graph', '/me/messages', 60_000);
    sandbox.controls.mendAll();
    expect((await call('/me/messages')).status).to.equal(200);
  });

  it('break off in the middle of JSON, as often as told', async () => {
    sandbox.controls.breakOff('graph', '/me/messages', { afterBytes: 20, times: 2 });
    expect(await outcomeOf('/me')).to.equal(200);
    expect(await outcomeOf('/me/messages?$top=1')).to.equal('broken');
    expect(await outcomeOf('/me/messages')).to.equal('broken');
    expect(await outcomeOf('/me/messages')).to.equal(200);
  });

  it('break off in the middle of a file, after the bytes told', async () => {
    sandbox.controls.breakOff('files', '*', { afterBytes: 100_000 });
    const url = (await call('/me/drive/items/big-1000000/content')).headers.get('location') ?? '';
    const response = await fetch(url);
    expect(response.headers.get('content-length')).to.equal('1000000');
    let size = 0;
    let broken = false;
    try {
      for await (const chunk of response.body ?? []) size += chunk.length;
    } catch {
      // The end that is looked for.
      broken = true;
    }
    expect([size, broken]).to.deep.equal([100_000, true]);
    expect((await (await fetch(url)).bytes()).length).to.equal(1_000_000);
  });

  it('throttle a path, or all that begin so, beside the whole API', async () => {
    sandbox.controls.throttle('graph', 1, 7, '/me/messages');
    expect((await call('/me')).status).to.equal(200);
    const throttled = await call('/me/messages');
    expect([throttled.status, throttled.headers.get('retry-after')]).to.deep.equal([429, '7']);
    expect((await call('/me/messages')).status).to.equal(200);
    sandbox.controls.throttle('graph', 2, 7, '/me/drive*');
    expect((await call('/me/drive/root/children')).status).to.equal(429);
    expect((await call('/me/drive/items/big-1')).status).to.equal(429);
    expect((await call('/me/drive/items/big-1')).status).to.equal(200);
  });
});
