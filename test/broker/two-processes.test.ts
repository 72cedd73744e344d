/** The laws of the broker for two processes on one Redis. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { z } from 'zod';
import { systemClock } from '../../src/clock.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { aBroker, CountingAuthority, signIn } from '../support/broker-rig.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';

const reply = z.object({ id: z.number(), tokens: z.array(z.string()) });
const requestSchema = z.object({ refreshToken: z.string(), scopes: z.array(z.string()) });

describe('Two processes with one Redis', () => {
  let redis: RedisServer;
  let storage: Storage;
  let authority: CountingAuthority;
  let server: Server;
  let authorityUrl: string;
  let processes: ChildProcess[];
  let lastOrder = 0;

  beforeEach(async () => {
    redis = await startRedisServer();
    storage = await openStorage(redis.uri, { log: createLog('silent'), now: Date.now });
    authority = new CountingAuthority();
    authority.mode = 'family';
    server = createServer((request, response) => {
      void text(request).then(async (body) => {
        const { refreshToken, scopes } = requestSchema.parse(JSON.parse(body));
        const answer = await authority
          .refresh({ refreshToken, scopes, accountId: 'uid.utid', beforeSend: () => undefined })
          .catch(() => undefined);
        response.end(JSON.stringify(answer?.kind === 'verified' ? answer.response : {}));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    authorityUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
    processes = await Promise.all([aProcess(), aProcess()]);
  });

  afterEach(async () => {
    for (const child of processes) child.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
    await storage.close();
    await redis.stop();
  });

  async function aProcess(): Promise<ChildProcess> {
    const child = fork('test/support/broker-process.ts', [redis.uri, authorityUrl]);
    await once(child, 'message');
    return child;
  }

  async function ask(child: ChildProcess | undefined, order: object): Promise<string[]> {
    if (!child) throw new Error('no such process');
    lastOrder += 1;
    const id = lastOrder;
    child.send({ id, ...order });
    for (;;) {
      const [message]: unknown[] = await once(child, 'message');
      const answer = reply.parse(message);
      if (answer.id === id) return answer.tokens;
    }
  }

  it('refresh once for two hundred callers', async () => {
    const account = await signIn(aBroker({ storage, authority }), {
      refreshToken: authority.issue(),
      expiresInSeconds: 0,
    });
    const order = { account, scopes: ['User.Read'], callers: 100 };
    const tokens = (await Promise.all(processes.map((child) => ask(child, order)))).flat();
    expect(tokens).to.have.length(200);
    expect(tokens[0]).to.match(/^access-token/);
    expect(new Set(tokens).size).to.equal(1);
    expect(authority.used).to.have.length(1);
  });

  it('renew a good token once for all who force it', async () => {
    const earlier = aBroker({ storage, authority, skewMs: -60_000 });
    const account = await signIn(earlier, {
      accessToken: 'kept',
      refreshToken: authority.issue(),
    });
    const order = { account, scopes: ['User.Read'], forceRefresh: true, callers: 50 };
    const tokens = (await Promise.all(processes.map((child) => ask(child, order)))).flat();
    expect(tokens).to.have.length(100);
    expect(tokens[0]).to.match(/^access-token/);
    expect(new Set(tokens).size).to.equal(1);
    expect(authority.used).to.have.length(1);
  });

  it('use each single-use refresh token once for two resources', async () => {
    const account = await signIn(aBroker({ storage, authority }), {
      refreshToken: authority.issue(),
      expiresInSeconds: 0,
    });
    const orders = ['User.Read', 'api://todos/Todos.Read'].map((scope) => ({
      account,
      scopes: [scope],
      callers: 50,
    }));
    const tokens = await Promise.all(processes.map((child, n) => ask(child, orders[n] ?? {})));
    expect(tokens.map((each) => new Set(each).size)).to.deep.equal([1, 1]);
    expect(new Set(authority.used).size).to.equal(2);
  });

  it('go on when the process that refreshes is killed before the authority answers', async () => {
    authority.mode = 'reusable';
    const account = await signIn(aBroker({ storage, authority }), {
      refreshToken: authority.issue(),
      expiresInSeconds: 0,
    });
    const order = { account, scopes: ['User.Read'], callers: 20 };
    const arrived = new Promise<void>((resolve) => {
      authority.onArrival = async () => {
        authority.onArrival = undefined;
        processes[0]?.kill('SIGKILL');
        resolve();
        await systemClock.sleep(20);
      };
    });
    processes[0]?.send({ id: 0, ...order });
    await arrived;
    const tokens = await ask(processes[1], order);
    expect(new Set(tokens).size).to.equal(1);
    expect(tokens[0]).to.match(/^access-token/);
    expect(authority.used).to.have.length(2);
  }).timeout(20_000);

  it('keep an account signed out that one process forgot while the other refreshed', async () => {
    const broker = aBroker({ storage, authority });
    const account = await signIn(broker, { refreshToken: authority.issue(), expiresInSeconds: 0 });
    authority.onArrival = () => broker.forget(account, 'session-1');
    const tokens = await ask(processes[0], { account, scopes: ['User.Read'], callers: 5 });
    expect(new Set(tokens)).to.deep.equal(
      new Set(['SignInRequired: You need to sign in to see this.']),
    );
    expect(await broker.describe(account, 'session-1')).to.equal(undefined);
  });
});
