/** The store in a real Redis: what it keeps there, and outages that are loud, fast and survived. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { Unavailable } from '../../src/errors.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { StoreUnavailable } from '../../src/storage/store-unavailable.ts';
import { caught, caughtAfter } from '../support/caught.ts';
import { makeCertificates } from '../support/certificates.ts';
import { ERROR, type LogLines, logLines } from '../support/log-lines.ts';
import { type LosingProxy, startLosingProxy } from '../support/losing-proxy.ts';
import { countInProcess, expectAllFail, LIMIT_MS, until } from '../support/redis-outages.ts';
import {
  callsOf,
  type RedisServer,
  askRedis as redis,
  startRedisServer,
} from '../support/redis-server.ts';
import { aFolder, freePort } from '../support/site-process.ts';

const MINUTE_MS = 60_000;
const NAME = 'test:{1}:session';
/** Waits until it takes writes again, by itself. */
const recovery = (storage: Storage) => until(() => storage.ping());
const readable = (storage: Storage) => until(() => storage.get(NAME));

describe('RedisBackend', () => {
  let server: RedisServer;
  let lines: LogLines;
  let storage: Storage;
  let opened: Storage[];
  let servers: RedisServer[];
  const open = async (uri: string) => {
    const one = await openStorage(uri, { log: lines.log, now: Date.now });
    opened.push(one);
    return one;
  };

  beforeEach(async () => {
    opened = [];
    lines = logLines();
    server = await startRedisServer();
    servers = [server];
    storage = await open(server.uri);
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
    for (const one of servers) await one.stop();
  });

  it('keeps exactly the name and the bytes given, and their time to live', async () => {
    await storage.set(NAME, 'sealed', MINUTE_MS);
    expect(await storage.replace('test:{1}:account', undefined, '=bytes', MINUTE_MS)).to.equal(
      'replaced',
    );
    expect(redis(server, 'KEYS', '*').split('\n').sort()).to.deep.equal(['test:{1}:account', NAME]);
    expect(redis(server, 'GET', NAME)).to.equal('sealed');
    expect(redis(server, 'GET', 'test:{1}:account')).to.equal('=bytes');
    for (const name of [NAME, 'test:{1}:account']) {
      expect(Number(redis(server, 'PTTL', name))).to.be.within(MINUTE_MS - 5000, MINUTE_MS);
    }
  });

  it('sends the script once, and again to a server that has forgotten it', async () => {
    await storage.replace(NAME, undefined, 'a', MINUTE_MS);
    await storage.replace(NAME, 'a', 'b', MINUTE_MS);
    redis(server, 'SCRIPT', 'FLUSH');
    expect(await storage.replace(NAME, 'b', 'c', MINUTE_MS)).to.equal('replaced');
    expect([await callsOf('evalsha', server), await callsOf('eval', server)]).to.deep.equal([3, 2]);
  });

  it('is asked by a write that goes by itself whether it can write', async () => {
    const mine = await openStorage(server.uri, {
      log: lines.log,
      now: Date.now,
      instanceName: 'mine',
    });
    opened.push(mine);
    await mine.ping();
    expect(redis(server, 'KEYS', '*')).to.equal('mine:ready');
    expect(Number(redis(server, 'PTTL', 'mine:ready'))).to.be.within(1, 5000);
  });

  it('says where it is without its credentials', async () => {
    const uri = `redis://default:hidden-word@127.0.0.1:${server.port}/2?x=hidden-word`;
    const other = await open(uri);
    await other.ping();
    expect(lines.text()).not.to.include('hidden-word');
    expect(other).to.include({ label: `redis://127.0.0.1:${server.port}/2`, shared: true });
  });

  it('says what a server is not that another scheme is for', async () => {
    const others = [
      [`redis-cluster://127.0.0.1:${server.port}`, 'the server is in no Cluster'],
      [`redis-sentinel://127.0.0.1:${server.port}/p`, 'the server is no Sentinel'],
    ] as const;
    await Promise.all(
      others.map(async ([uri, reason]) => {
        const other = await open(uri);
        expect(await caught(other.get(NAME))).to.be.instanceOf(Unavailable);
        const said = lines.of('redis_error').filter(({ store }) => store === uri);
        expect(said.map((line) => line['reason'])).to.deep.equal([reason]);
      }),
    );
  });

  describe('that is down', () => {
    it('at the start: opens, fails fast, and works once it is up', async () => {
      await storage.close();
      await server.stop();
      const begun = performance.now();
      const other = await open(server.uri);
      expect(performance.now() - begun).to.be.below(LIMIT_MS);
      await expectAllFail(other, NAME, 400);
      await server.start();
      await recovery(other);
      expect(await other.replace(NAME, undefined, 'a', MINUTE_MS)).to.equal('replaced');
      const reasons = lines.of('redis_error').map(({ reason }) => reason);
      expect(reasons, 'said, and not at every attempt').not.to.be.empty;
      expect(new Set(reasons)).to.have.property('size', reasons.length);
    });

    it('since: fails fast, and works once it is up again', async () => {
      await storage.replace(NAME, undefined, 'a', MINUTE_MS);
      await server.stop();
      await expectAllFail(storage, NAME);
      await expectAllFail(storage, NAME, 400);
      await server.start();
      await recovery(storage);
      expect(await storage.replace(NAME, undefined, 'b', MINUTE_MS)).to.equal('replaced');
    });

    it('certainly did not do what is asked of it now', async () => {
      await server.stop();
      await caught(storage.ping());
      const error = await caught(storage.replace(NAME, undefined, 'a', MINUTE_MS));
      expect(error).to.include({ outcome: 'not-done' });
    });
  });

  describe('that takes requests and answers none', () => {
    it('fails in 1.5 s, then at once, and works once it answers again', async () => {
      await storage.set(NAME, 'a', MINUTE_MS);
      server.freeze();
      await expectAllFail(storage, NAME);
      await expectAllFail(storage, NAME, 400);
      server.thaw();
      await recovery(storage);
      await storage.get(NAME);
    });

    it('fails in 1.5 s for each of a busy site’s requests', async () => {
      server.freeze();
      const begun = performance.now();
      const failures: Promise<{ tookMs: number }>[] = [];
      while (performance.now() - begun < 2500) {
        failures.push(caughtAfter(() => storage.replace(NAME, undefined, 'a', MINUTE_MS)));
        await systemClock.sleep(20);
      }
      const slowest = Math.max(...(await Promise.all(failures)).map(({ tookMs }) => tookMs));
      expect(slowest).to.be.below(LIMIT_MS);
      server.thaw();
      await recovery(storage);
    });

    it('does not know what became of a write', async () => {
      server.freeze();
      const error = await caught(storage.replace(NAME, undefined, 'a', MINUTE_MS));
      expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
    });

    it('is told from one that is slow, whose answer is waited for', async () => {
      await storage.set(NAME, 'a', MINUTE_MS);
      server.freeze();
      const late = storage.get(NAME);
      await systemClock.sleep(500);
      server.thaw();
      expect(await late).to.equal('a');
      expect(lines.of('redis_silent')).to.be.empty;
    });
  });

  describe('that refuses', () => {
    it('to write for want of memory: says so, never that it is kept', async () => {
      await storage.set(NAME, 'a', MINUTE_MS);
      redis(server, 'CONFIG', 'SET', 'maxmemory', '1');
      for (const write of [
        () => storage.set(NAME, 'b', MINUTE_MS),
        () => storage.replace(NAME, 'a', 'b', MINUTE_MS),
      ]) {
        expect(await caught(write()))
          .to.be.instanceOf(Unavailable)
          .and.include({
            outcome: 'not-done',
          });
      }
      const error = await caught(storage.ping());
      expect(error).to.be.instanceOf(StoreUnavailable).and.include({ state: 'full' });
      expect(lines.of('store_failed').map(({ level, reason }) => [level, reason])).to.deep.equal([
        [ERROR, 'OOM'],
      ]);
      expect(await storage.get(NAME)).to.equal('a');
      redis(server, 'CONFIG', 'SET', 'maxmemory', '0');
      await storage.ping();
      expect(lines.of('store_restored')).to.have.length(1);
      expect(await storage.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
    });

    it('to write as a replica: says so, and works once it leads again', async () => {
      await storage.set(NAME, 'a', MINUTE_MS);
      redis(server, 'REPLICAOF', '127.0.0.1', '1');
      for (const write of [
        () => storage.set(NAME, 'b', MINUTE_MS),
        () => storage.delete(NAME),
        () => storage.replace(NAME, 'a', 'b', MINUTE_MS),
        () => storage.ping(),
      ]) {
        await readable(storage);
        const error = await caught(write());
        expect(error).to.be.instanceOf(StoreUnavailable).and.include({ state: 'readonly' });
      }
      const said = lines.of('store_failed').filter(({ reason }) => reason === 'READONLY');
      expect(said.map(({ level }) => level)).to.deep.equal([ERROR]);
      redis(server, 'REPLICAOF', 'NO', 'ONE');
      await recovery(storage);
      expect(await storage.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
    });

    it('to write as a replica: seldom connects anew, so that reads go on', async () => {
      await storage.set(NAME, 'a', MINUTE_MS);
      redis(server, 'REPLICAOF', '127.0.0.1', '1');
      await caught(storage.ping());
      await readable(storage);
      const connections = () =>
        Number(/total_connections_received:(\d+)/.exec(redis(server, 'INFO', 'stats'))?.[1]);
      const before = connections();
      for (let time = 0; time < 100; time += 1) {
        await caught(storage.ping());
        await readable(storage);
      }
      // One is that of the question; another may be due meanwhile.
      expect(connections() - before).to.be.within(1, 3);
    });

    it('to write since a failover behind its address: moves to the new primary', async () => {
      const primary = await startRedisServer();
      servers.push(primary);
      const proxy = await startLosingProxy(server.port);
      try {
        const behind = await open(`redis://127.0.0.1:${proxy.port}`);
        await behind.set(NAME, 'a', MINUTE_MS);
        redis(server, 'REPLICAOF', '127.0.0.1', '1');
        proxy.targetPort = primary.port;
        expect(await caught(behind.set(NAME, 'b', MINUTE_MS))).to.be.instanceOf(Unavailable);
        await recovery(behind);
        await behind.set(NAME, 'c', MINUTE_MS);
        expect(redis(primary, 'GET', NAME)).to.equal('c');
      } finally {
        await proxy.close();
      }
    });

    it('our password: alarms the operator, tells nobody the password, and goes on trying', async () => {
      redis(server, 'CONFIG', 'SET', 'requirepass', 'right-word');
      const at = (credentials: string) => open(`redis://${credentials}127.0.0.1:${server.port}`);
      const wrong = await at('default:wrong-word@');
      const error = await caught(wrong.get(NAME));
      expect(error).to.be.instanceOf(Unavailable);
      const alarms = lines.of('store_password_refused');
      expect(alarms.map(({ level, reason }) => [level, reason])).to.deep.equal([
        [ERROR, 'WRONGPASS'],
      ]);
      expect(lines.text() + inspect(error, { depth: 10 })).not.to.match(/(wrong|right)-word/);

      redis(
        server,
        '-a',
        'right-word',
        '--no-auth-warning',
        'ACL',
        'SETUSER',
        'default',
        '>wrong-word',
      );
      await recovery(wrong);
      const right = await at(':right-word@');
      await right.ping();
    });

    it('a site without a password: alarms the operator', async () => {
      redis(server, 'CONFIG', 'SET', 'requirepass', 'right-word');
      const other = await open(server.uri);
      expect(await caught(other.get(NAME))).to.be.instanceOf(Unavailable);
      expect(lines.of('store_password_refused')[0]).to.include({ level: ERROR, reason: 'NOAUTH' });
    });
  });

  describe('whose answer is lost', () => {
    let proxy: LosingProxy;
    let behind: Storage;

    beforeEach(async () => {
      proxy = await startLosingProxy(server.port);
      behind = await open(`redis://127.0.0.1:${proxy.port}`);
      await behind.replace(NAME, undefined, 'a', MINUTE_MS);
    });
    afterEach(async () => {
      await proxy.close();
    });

    it('is asked again whether it was done', async () => {
      proxy.loseAnswerTo('EVALSHA');
      expect(await behind.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
      expect(redis(server, 'GET', NAME)).to.equal('b');
    });

    it('does not take an absence for its own deed: another may have taken the record', async () => {
      proxy.loseAnswerTo('EVALSHA');
      const error = await caught(behind.replace(NAME, 'a', undefined, MINUTE_MS));
      expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
    });

    it('leaves a conflict unknown', async () => {
      proxy.loseAnswerTo('EVALSHA');
      const error = await caught(behind.replace(NAME, 'other', 'b', MINUTE_MS));
      expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
    });

    it('leaves it unknown when it cannot be asked', async () => {
      proxy.open = false;
      proxy.loseAnswerTo('EVALSHA');
      const { error, tookMs } = await caughtAfter(() => behind.replace(NAME, 'a', 'b', MINUTE_MS));
      expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
      expect(tookMs).to.be.below(LIMIT_MS);
      expect(redis(server, 'GET', NAME)).to.equal('b');
    });
  });

  describe('in a process of its own', () => {
    const run = (uri: string, times: number, env: Record<string, string> = {}) =>
      countInProcess(uri, NAME, times, env);

    it('leaves nothing behind that keeps the process, whether it was up, down or silent', async () => {
      expect(await run(server.uri, 0)).to.equal(0);
      server.freeze();
      expect(await run(server.uri, 0)).to.equal(0);
      server.thaw();
      await server.stop();
      expect(await run(server.uri, 0)).to.equal(0);
    });

    it('speaks TLS for rediss://, with servers whose certificate it can trust only', async () => {
      const certificates = makeCertificates();
      const folder = aFolder();
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      writeFileSync(key, certificates.key);
      writeFileSync(cert, certificates.cert);
      const port = await freePort();
      const secure = await startRedisServer([
        ...['--tls-port', String(port), '--tls-auth-clients', 'no'],
        ...['--tls-key-file', key, '--tls-cert-file', cert],
        ...['--tls-ca-cert-file', certificates.caFile],
      ]);
      servers.push(secure);
      const trust = { NODE_EXTRA_CA_CERTS: certificates.caFile };
      const uri = `rediss://localhost:${port}`;
      expect(await run(uri, 2, trust)).to.equal(0);
      expect(redis(secure, 'GET', NAME)).to.equal('2');
      expect(await run(uri, 1)).to.equal(1);
      expect(redis(secure, 'GET', NAME)).to.equal('2');
    });
  });
});
