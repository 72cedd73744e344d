/** The store in a Redis whose primary is named by Sentinels: failovers, planned or not, are followed. */
import { inspect } from 'node:util';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { Unavailable } from '../../src/errors.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { RedisClients } from '../../src/storage/redis-client.ts';
import { RedisSentinels } from '../../src/storage/redis-sentinels.ts';
import { readRedisUri } from '../../src/storage/redis-uri.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { caught, caughtAfter } from '../support/caught.ts';
import { ERROR, type LogLines, logLines } from '../support/log-lines.ts';
import { countInProcess, expectAllFail, LIMIT_MS, until } from '../support/redis-outages.ts';
import {
  PRIMARY_NAME,
  type RedisSentinelServers,
  startRedisSentinels,
} from '../support/redis-sentinel-servers.ts';
import {
  askRedis,
  type RedisServer,
  startRedisServer,
  untilReplicated,
} from '../support/redis-server.ts';

const MINUTE_MS = 60_000;
const NAME = 'test:{1}:session';

describe('RedisSentinels', function () {
  this.timeout(30_000);

  let rig: RedisSentinelServers;
  let lines: LogLines;
  let opened: Storage[];
  let storage: Storage;

  const open = async (uri: string) => {
    const one = await openStorage(uri, { log: lines.log, now: Date.now });
    opened.push(one);
    return one;
  };
  const sentinel = (): RedisServer => {
    const [first] = rig.sentinels;
    if (!first) throw new Error('no Sentinel');
    return first;
  };
  const near = () => storage.get(NAME, { near: true });

  before(async () => {
    rig = await startRedisSentinels();
  });
  beforeEach(async () => {
    opened = [];
    lines = logLines();
    storage = await open(rig.uri);
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
    await rig.sound();
  });
  after(async () => {
    await rig.stop();
  });

  it('lead to the primary', async () => {
    await storage.set(NAME, 'a', MINUTE_MS);
    expect(askRedis(rig.leader(), 'GET', NAME)).to.equal('a');
    expect(await near()).to.equal('a');
  });

  it('are named without credentials', async () => {
    const [, rest] = rig.uri.split('//');
    const one = await open(`redis-sentinel://default:hidden-word@${rest}/2?x=hidden-word`);
    await one.set(NAME, 'in another database', MINUTE_MS);
    expect(askRedis(rig.leader(), '-n', '2', 'GET', NAME)).to.equal('in another database');
    expect(lines.text()).not.to.include('hidden-word');
    expect(one).to.include({ label: `redis-sentinel://${rest}/2`, shared: true });
  });

  it('are followed when the primary dies', async () => {
    await storage.set(NAME, 'a', MINUTE_MS);
    expect(await near()).to.equal('a');
    const old = rig.leader();
    for (const server of rig.servers) if (server !== old) await untilReplicated(old, server);
    await old.stop();
    const { error, tookMs } = await caughtAfter(() => storage.get(NAME));
    expect(error).to.be.instanceOf(Unavailable);
    expect(tookMs).to.be.below(LIMIT_MS);
    await expectAllFail(storage, NAME, 400);
    await until(() => storage.ping());
    expect(rig.leader()).not.to.equal(old);
    expect(await storage.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
    expect(await near()).to.equal('b');
    await rig.rejoin(old);
  });

  it('are followed when the primary is frozen, which fails in 1.5 s', async () => {
    await storage.set(NAME, 'a', MINUTE_MS);
    const old = rig.leader();
    old.freeze();
    try {
      const { error, tookMs } = await caughtAfter(() => storage.get(NAME));
      expect(error).to.be.instanceOf(Unavailable);
      expect(tookMs).to.be.below(LIMIT_MS);
      await until(() => storage.ping());
      expect(rig.leader()).not.to.equal(old);
      await storage.set(NAME, 'b', MINUTE_MS);
    } finally {
      old.thaw();
    }
    await rig.rejoin(old);
    await until(async () => expect(askRedis(old, 'GET', NAME)).to.equal('b'));
  });

  it('are followed in a failover that is planned', async () => {
    await storage.set(NAME, 'a', MINUTE_MS);
    const old = rig.leader();
    await until(async () => {
      expect(askRedis(sentinel(), 'SENTINEL', 'FAILOVER', PRIMARY_NAME)).to.equal('OK');
    });
    await until(async () => {
      await storage.set(NAME, 'b', MINUTE_MS);
      expect(rig.leader()).not.to.equal(old);
      expect(askRedis(rig.leader(), 'GET', NAME)).to.equal('b');
    });
    expect(await near()).to.equal('b');
    await rig.rejoin(old);
  });

  it('are followed though the old primary still answers, for near reads, too', async () => {
    const other = await startRedisServer();
    const old = rig.leader();
    try {
      askRedis(sentinel(), 'SENTINEL', 'MONITOR', 'moving', '127.0.0.1', String(old.port), '1');
      const behind = await open(rig.uri.replace(PRIMARY_NAME, 'moving'));
      await until(() => behind.set(NAME, 'a', MINUTE_MS));
      const nearBehind = () => behind.get(NAME, { near: true });
      expect(await nearBehind()).to.equal('a');
      askRedis(other, 'SET', NAME, 'b');
      askRedis(sentinel(), 'SENTINEL', 'REMOVE', 'moving');
      askRedis(sentinel(), 'SENTINEL', 'MONITOR', 'moving', '127.0.0.1', String(other.port), '1');
      while ((await nearBehind().catch(() => 'a')) === 'a') await systemClock.sleep(5);
      await until(() => behind.replace(NAME, 'b', 'c', MINUTE_MS));
      expect(askRedis(other, 'GET', NAME)).to.equal('c');
      expect(await nearBehind()).to.equal('c');
      askRedis(sentinel(), 'SENTINEL', 'REMOVE', 'moving');
    } finally {
      await other.stop();
    }
  });

  it('do not lead to a server that leads nobody, nor for a name they do not know', async () => {
    const replica = await startRedisServer(['--replicaof', '127.0.0.1', '1']);
    try {
      const monitor = ['SENTINEL', 'MONITOR', 'behind', '127.0.0.1', String(replica.port), '1'];
      askRedis(sentinel(), ...monitor);
      const [behind, unknown] = await Promise.all(
        ['behind', 'unknown'].map((name) => open(rig.uri.replace(PRIMARY_NAME, name))),
      );
      if (!behind || !unknown) throw new Error('not opened');
      for (const [one, reason] of [
        [behind, 'the server leads no more, or not yet'],
        [unknown, 'the Sentinels know no primary of this name'],
      ] as const) {
        await expectAllFail(one, NAME, 400);
        const said = lines.of('redis_error').filter(({ store }) => store === one.label);
        expect(said.map((line) => line['reason'])).to.deep.equal([reason]);
      }
      askRedis(replica, 'REPLICAOF', 'NO', 'ONE');
      await until(() => behind.set(NAME, 'a', MINUTE_MS));
      askRedis(sentinel(), 'SENTINEL', 'REMOVE', 'behind');
    } finally {
      await replica.stop();
    }
  });

  it('may want the same password as the servers', async () => {
    for (const server of [...rig.servers, sentinel()]) {
      askRedis(server, 'ACL', 'SETUSER', 'site', 'on', '>right-word', '~*', '&*', '+@all');
    }
    askRedis(sentinel(), 'ACL', 'SETUSER', 'default', 'resetpass', '>other-word');
    const [, rest] = rig.uri.split('//');
    const wrong = await open(`redis-sentinel://site:wrong-word@${rest}`);
    const error = await caught(wrong.get(NAME));
    expect(error).to.be.instanceOf(Unavailable);
    const alarms = lines.of('store_password_refused');
    expect(alarms.map(({ level, reason }) => [level, reason])).to.deep.equal([
      [ERROR, 'WRONGPASS'],
    ]);
    expect(lines.text() + inspect(error, { depth: 10 })).not.to.match(/(wrong|right)-word/);
    const right = await open(`redis-sentinel://site:right-word@${rest}`);
    await right.ping();
    askRedis(
      sentinel(),
      '-a',
      'other-word',
      '--no-auth-warning',
      'ACL',
      'SETUSER',
      'default',
      'nopass',
    );
  });

  it('are needed for connecting only, and keep no process when they are silent', async () => {
    sentinel().freeze();
    try {
      // Meanwhile they are asked whether another leads.
      expect(await countInProcess(rig.uri, NAME, 0)).to.equal(0);
      await systemClock.sleep(1500);
      for (let time = 0; time < 10; time += 1) await storage.ping();
    } finally {
      sentinel().thaw();
    }
    expect(lines.of('redis_error')).to.be.empty;
  });

  it('may all be down at the start', async () => {
    await rig.stop();
    const begun = performance.now();
    const late = await open(rig.uri);
    expect(performance.now() - begun).to.be.below(LIMIT_MS);
    await expectAllFail(late, NAME, 400);
    for (const server of [...rig.servers, ...rig.sentinels]) await server.start();
    await until(() => late.set(NAME, 'a', MINUTE_MS));
    expect(await late.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
  });

  describe('that disagree', () => {
    it('are outvoted, slow or not, and one that is left is believed', async () => {
      const [a, b] = [await startRedisServer(), await startRedisServer()];
      const config = ({ port }: RedisServer) => `sentinel monitor p 127.0.0.1 ${port} 1\n`;
      const voters = await Promise.all(
        [a, b, b].map((server) => startRedisServer(['--sentinel'], config(server))),
      );
      try {
        const hosts = voters.map(({ port }) => `127.0.0.1:${port}`);
        const uri = readRedisUri(`redis-sentinel://${hosts.join(',')}/p`);
        if (!uri) throw new Error('not read');
        const locate = () => new RedisSentinels(uri, new RedisClients([])).locate();
        const [first, second, third] = voters;
        for (let time = 0; time < 5; time += 1) {
          expect(await locate()).to.equal(`redis://127.0.0.1:${b.port}/`);
        }
        first?.freeze();
        const begun = performance.now();
        await locate();
        expect(performance.now() - begun, 'waits for no vote that changes nothing').to.be.below(
          900,
        );
        first?.thaw();
        await second?.stop();
        await third?.stop();
        expect(await locate()).to.equal(`redis://127.0.0.1:${a.port}/`);
        await first?.stop();
        expect(await caught(locate())).to.be.instanceOf(Error);
      } finally {
        for (const server of [a, b, ...voters]) await server.stop();
      }
    });
  });
});
