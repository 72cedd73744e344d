/** The sandbox's to-do API: events without end, files of any size, slow uploads. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { answerOf, TestClient, text } from './test-client.ts';

describe('Sandbox to-do streams', () => {
  let sandbox: Sandbox;
  let token: string;
  beforeEach(async () => {
    sandbox = await startSandbox();
    token = await tokenFor('Todos.ReadWrite');
  });
  afterEach(() => sandbox.close());

  const tokenFor = async (scope: string) => {
    const client = new TestClient(sandbox);
    const asked = `${sandbox.todoResource}/${scope}`;
    return text(await client.signIn('ben@contoso.example', asked), 'access_token');
  };
  const open = (path: string, init: RequestInit = {}, headers: Record<string, string> = {}) =>
    fetch(`${sandbox.todoUrl}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, ...headers },
    });
  const untilClosed = async () => {
    while (sandbox.openStreams > 0) await delay(10);
  };

  it('send events until the caller goes away, and notice it', async () => {
    const abort = new AbortController();
    const response = await open('/todos/events?everyMs=10', { signal: abort.signal });
    expect(response.headers.get('content-type')).to.contain('text/event-stream');
    expect(sandbox.openStreams).to.equal(1);
    let received = '';
    for await (const chunk of response.body ?? []) {
      received += Buffer.from(chunk).toString();
      if (received.includes('id: 3\n')) break;
    }
    expect(received).to.match(/^id: 1\nevent: todo\ndata: \{"count":1\}\n\nid: 2\n/);
    abort.abort();
    await untilClosed();
  });

  it('send the first event at once, however slow the rest', async () => {
    const response = await open('/todos/events?everyMs=60000');
    const { value } = (await response.body?.getReader().read()) ?? {};
    expect(Buffer.from(value ?? '').toString()).to.contain('id: 1');
  });

  it('give files of any size, and ranges of them', async () => {
    const response = await open('/files/5000000', {}, { range: 'bytes=4999999-' });
    expect(response.status).to.equal(206);
    expect((await response.bytes())[0]).to.equal(4_999_999 % 251);
    expect((await (await open('/files/5000000')).bytes()).length).to.equal(5_000_000);
    expect((await (await open('/files/0')).bytes()).length).to.equal(0);
  });

  it('take uploads of any size and say what arrived', async () => {
    const body = Buffer.alloc(2_000_000, 'z');
    const sha256 = createHash('sha256').update(body).digest('hex');
    for (const method of ['POST', 'PUT']) {
      const answer = await answerOf(await open('/uploads', { method, body }));
      expect([answer.status, answer.body]).to.deep.equal([201, { size: 2_000_000, sha256 }]);
    }
  });

  it('take uploads as slowly as told', async () => {
    const before = performance.now();
    const body = Buffer.alloc(100_000);
    await open('/uploads?bytesPerSecond=400000', { method: 'POST', body });
    expect(performance.now() - before).to.be.at.least(245);
  });

  it('refuse numbers that are none, and callers without the scope', async () => {
    for (const [path, method] of [
      ['/todos/events?everyMs=0', 'GET'],
      ['/files/many', 'GET'],
      ['/uploads?bytesPerSecond=fast', 'POST'],
    ] as const) {
      expect((await open(path, { method })).status, path).to.equal(400);
    }
    const reader = new TestClient(sandbox);
    const body = await reader.signIn('ada@contoso.example', `${sandbox.todoResource}/Todos.Read`);
    token = text(body, 'access_token');
    expect((await open('/uploads', { method: 'POST', body: 'x' })).status).to.equal(403);
    token = text(await reader.signIn('ada@contoso.example'), 'access_token');
    for (const path of ['/todos/events', '/files/1']) {
      expect((await open(path)).status).to.equal(401);
    }
  });
});
