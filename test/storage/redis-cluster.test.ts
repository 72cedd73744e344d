/** The store in a real Redis Cluster: where it keeps what, slots that move, primaries that die. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { Unavailable } from '../../src/errors.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { slotOf } from '../../src/storage/redis-slot.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { StoreUnavailable } from '../../src/storage/store-unavailable.ts';
import { caught, caughtAfter } from '../support/caught.ts';
import { makeCertificates } from '../support/certificates.ts';
import { ERROR, type LogLines, logLines } from '../support/log-lines.ts';
import { type RedisClusterServers, startRedisCluster } from '../support/redis-cluster-servers.ts';
import {
  countInProcess,
  expectAllFail,
  expectNameFails,
  LIMIT_MS,
  until,
} from '../support/redis-outages.ts';
import {
  askRedis,
  callsOf,
  type RedisServer,
  untilRedis,
  untilReplicated,
} from '../support/redis-server.ts';
import { aFolder, freePort } from '../support/site-process.ts';

const MINUTE_MS = 60_000;
const SLOTS = 16_384;

describe('RedisCluster', function () {
  this.timeout(30_000);

  /** That of the moment. */
  let cluster: RedisClusterServers;
  let withReplica: RedisClusterServers;
  let lines: LogLines;
  let opened: Storage[];
  let storage: Storage;
  /** The certificate authority of its servers, and their ports for TLS. */
  let trusted: string;
  const securePorts: number[] = [];

  const open = async (uri: string, instanceName = 'test') => {
    const one = await openStorage(uri, { log: lines.log, now: Date.now, instanceName });
    opened.push(one);
    return one;
  };
  const primary = (i: number): RedisServer => {
    const server = cluster.primaries[i];
    if (!server) throw new Error('no such primary');
    return server;
  };
  /** A name, and the one of three primaries that has its slot. */
  const aName = (i?: number): string => {
    for (;;) {
      const name = `test:{${randomBytes(8).toString('hex')}}:session`;
      if (i === undefined || Math.floor((slotOf(name) * 3) / SLOTS) === i) return name;
    }
  };
  const servers = () => [...cluster.primaries, ...cluster.replicas];
  const id = (server: RedisServer) => askRedis(server, 'CLUSTER', 'MYID');

  before(async () => {
    const { key, cert, caFile } = makeCertificates('DNS:localhost');
    trusted = caFile;
    const folder = aFolder();
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    writeFileSync(keyFile, key);
    writeFileSync(certFile, cert);
    const secure = async () => {
      const port = await freePort();
      securePorts.push(port);
      return [
        ...['--tls-port', String(port), '--tls-cluster', 'yes', '--tls-replication', 'yes'],
        ...['--tls-auth-clients', 'no', '--tls-ca-cert-file', caFile],
        ...['--tls-key-file', keyFile, '--tls-cert-file', certFile],
      ];
    };
    [cluster, withReplica] = await Promise.all([
      startRedisCluster({ argsOf: secure }),
      startRedisCluster({ replicas: 1 }),
    ]);
  });
  beforeEach(async () => {
    opened = [];
    lines = logLines();
    storage = await open(cluster.uri);
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
    await cluster.sound();
  });
  after(async () => {
    await Promise.all([cluster.stop(), withReplica.stop()]);
  });

  it('keeps each record with the primary that has its slot, found from any one of them', async () => {
    const one = await open(`redis-cluster://127.0.0.1:${primary(1).port}`);
    for (const i of [0, 1, 2]) {
      const name = aName(i);
      await one.set(name, 'a', MINUTE_MS);
      expect(await storage.replace(name, 'a', 'b', MINUTE_MS)).to.equal('replaced');
      expect(askRedis(primary(i), 'GET', name)).to.equal('b');
      expect(await storage.get(name, { near: true })).to.equal('b');
    }
  });

  it('says where it is without its credentials', async () => {
    const [, hosts] = cluster.uri.split('//');
    const one = await open(`redis-cluster://default:hidden-word@${hosts}/0?x=hidden-word`);
    await one.ping();
    expect(lines.text()).not.to.include('hidden-word');
    expect(one).to.include({ label: `redis-cluster://${hosts}/0`, shared: true });
  });

  it('erases over all primaries', async () => {
    const mine = await open(cluster.uri, 'mine');
    for (const i of [0, 1, 2]) {
      await mine.set(aName(i).replace('test', 'mine'), 'a', MINUTE_MS);
      await mine.set(aName(i), 'a', MINUTE_MS);
    }
    expect(await mine.erase()).to.equal(3);
    const left = [0, 1, 2].flatMap((i) => askRedis(primary(i), 'KEYS', '*').split('\n'));
    expect(left.filter((name) => name.startsWith('mine'))).to.be.empty;
    expect(left.filter((name) => name.startsWith('test'))).not.to.be.empty;
  });

  it('sends the script again to servers that have forgotten it', async () => {
    const name = aName();
    for (const i of [0, 1, 2]) askRedis(primary(i), 'SCRIPT', 'FLUSH');
    expect(await storage.replace(name, undefined, 'a', MINUTE_MS)).to.equal('replaced');
    expect(await storage.replace(name, 'a', 'b', MINUTE_MS)).to.equal('replaced');
  });

  it('goes with a slot that moves, in the middle of it and after', async () => {
    const [from, to] = [primary(0), primary(1)];
    const there = aName(0);
    const slot = String(slotOf(there));
    await storage.set(there, 'a', MINUTE_MS);
    expect(await storage.get(there, { near: true })).to.equal('a');
    askRedis(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', id(from));
    askRedis(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', id(to));
    for (const server of [from, to]) askRedis(server, 'SCRIPT', 'FLUSH');
    const [, port = ''] = askRedis(to, 'CONFIG', 'GET', 'tls-port').split('\n');
    expect(askRedis(from, 'MIGRATE', '127.0.0.1', port, there, '0', '1000')).to.equal('OK');

    // It is with the new primary by now, which is to be asked each time.
    expect(await storage.get(there)).to.equal('a');
    expect(await storage.replace(there, 'a', 'b', MINUTE_MS)).to.equal('replaced');
    expect(await storage.get(there, { near: true })).to.equal('b');
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => storage.set(`${there}${i}`, 'a', MINUTE_MS)),
    );
    expect(askRedis(from, 'GET', there), 'asked without leave').to.match(/^ASK/);
    for (const server of [to, from, primary(2)]) {
      askRedis(server, 'CLUSTER', 'SETSLOT', slot, 'NODE', id(to));
    }
    expect(await storage.get(there)).to.equal('b');
    const sentOn = () =>
      /errorstat_MOVED:count=(\d+)/.exec(askRedis(from, 'INFO', 'errorstats'))?.[1];
    const before = sentOn();
    expect(await storage.replace(there, 'b', 'c', MINUTE_MS)).to.equal('replaced');
    expect(sentOn(), 'remembered').to.equal(before);
    expect(askRedis(to, 'GET', there)).to.equal('c');
    expect(await storage.get(there, { near: true })).to.equal('c');
    await storage.delete(there);
    expect(await storage.get(there, { near: true })).to.equal(undefined);
  });

  it('reads near what another changes, with whichever primary it is', async () => {
    const other = await open(cluster.uri);
    for (const i of [0, 1, 2]) {
      const name = aName(i);
      await other.set(name, 'a', MINUTE_MS);
      await until(async () => {
        await storage.get(name, { near: true });
        const before = await callsOf('get', primary(i));
        expect(await storage.get(name, { near: true })).to.equal('a');
        expect(await callsOf('get', primary(i))).to.equal(before);
      });
      await other.set(name, 'b', MINUTE_MS);
      await storage.get(aName(i), { near: true });
      for (;;) if ((await storage.get(name, { near: true })) === 'b') break;
      for (let time = 0; time < 100; time += 1) {
        await storage.set(name, String(time), MINUTE_MS);
        expect(await storage.get(name, { near: true })).to.equal(String(time));
      }
    }
  });

  it('fails in 1.5 s, then at once, for what a frozen primary has, and goes on for the rest', async () => {
    const [theirs, ours] = [aName(0), aName(2)];
    await storage.set(ours, 'a', MINUTE_MS);
    primary(0).freeze();
    try {
      const sent = caught(storage.replace(theirs, undefined, 'a', MINUTE_MS));
      const frozen = expectNameFails(storage, theirs);
      // Its neighbours find out only after a second.
      for (let time = 0; time < 10; time += 1) expect(await storage.get(ours)).to.equal('a');
      await frozen;
      expect(await sent, 'what became of it?').to.include({ outcome: 'unknown' });
      await expectNameFails(storage, theirs, 100);
      const unsent = caught(storage.replace(theirs, undefined, 'a', MINUTE_MS));
      expect(await unsent).to.include({ outcome: 'not-done' });
      expect(await countInProcess(cluster.uri, theirs, 0), 'no process is kept').to.equal(0);
    } finally {
      primary(0).thaw();
    }
    await until(() => storage.set(theirs, 'b', MINUTE_MS));
  });

  it('says that nothing was done while nobody has a slot', async () => {
    const name = aName(2);
    const slot = String(slotOf(name));
    for (const i of [0, 1, 2]) askRedis(primary(i), 'CLUSTER', 'DELSLOTS', slot);
    const error = await caught(storage.replace(name, undefined, 'a', MINUTE_MS));
    expect(error).to.be.instanceOf(StoreUnavailable).and.include({
      outcome: 'not-done',
      state: 'down',
    });
    expect(await caught(storage.erase())).to.be.instanceOf(StoreUnavailable);
    askRedis(primary(2), 'CLUSTER', 'ADDSLOTS', slot);
    await until(() => storage.set(name, 'a', MINUTE_MS));
  });

  it('is reached with credentials by TLS, though its servers tell of each other by address', async () => {
    for (const server of servers()) {
      askRedis(server, 'ACL', 'SETUSER', 'site', 'on', '>right-word', '~*', '&*', '+@all');
    }
    const at = (host: string) =>
      `rediss-cluster://site:right-word@${securePorts.map((port) => `${host}:${port}`).join(',')}`;
    const trust = { NODE_EXTRA_CA_CERTS: trusted };
    const name = aName(0);
    await until(async () => {
      expect(await countInProcess(at('localhost'), name, 1, trust)).to.equal(0);
    });
    expect(await storage.get(name)).to.equal('1');
    // Their certificate is not for this address.
    expect(await countInProcess(at('127.0.0.1'), name, 1, trust)).to.equal(1);
    expect(await storage.get(name)).to.equal('1');
  });

  it('alarms the operator when they are refused, and tells nobody the password', async () => {
    for (const server of servers()) {
      askRedis(server, 'ACL', 'SETUSER', 'site', 'on', '>right-word', '~*', '&*', '+@all');
    }
    const [, hosts] = cluster.uri.split('//');
    const wrong = await open(`redis-cluster://site:wrong-word@${hosts}`);
    const error = await caught(wrong.get(aName()));
    expect(error).to.be.instanceOf(Unavailable);
    const alarms = lines.of('store_password_refused');
    expect(alarms.map(({ level, reason }) => [level, reason])).to.deep.equal([
      [ERROR, 'WRONGPASS'],
    ]);
    expect(lines.text() + inspect(error, { depth: 10 })).not.to.match(/(wrong|right)-word/);
    const right = await open(`redis-cluster://site:right-word@${hosts}`);
    await right.ping();
  });

  it('opens while it is down, fails fast, and works once it is up', async () => {
    await storage.close();
    await cluster.stop();
    const begun = performance.now();
    const other = await open(cluster.uri);
    expect(performance.now() - begun).to.be.below(LIMIT_MS);
    const name = aName(0);
    await expectAllFail(other, name, 400);
    for (const server of servers()) await server.start();
    await until(() => other.set(name, 'a', MINUTE_MS));
    expect(await other.replace(name, 'a', 'b', MINUTE_MS)).to.equal('replaced');
    const reasons = lines.of('redis_error').map(({ store, reason }) => `${store} ${reason}`);
    expect(reasons, 'said, and not at every attempt').not.to.be.empty;
    expect(new Set(reasons)).to.have.property('size', reasons.length);
  });

  describe('with replicas', () => {
    before(async () => {
      await cluster.stop();
      cluster = withReplica;
    });

    it('reads near nothing that a primary kept which has stepped down, though it still answers', async () => {
      const name = aName(0);
      const [replica] = cluster.replicas;
      if (!replica) throw new Error('no replica');
      await storage.set(name, 'a', MINUTE_MS);
      await until(async () => {
        await storage.get(name, { near: true });
        const before = await callsOf('get', primary(0));
        expect(await storage.get(name, { near: true })).to.equal('a');
        expect(await callsOf('get', primary(0))).to.equal(before);
      });
      askRedis(replica, 'CLUSTER', 'FAILOVER', 'TAKEOVER');
      askRedis(replica, 'SET', name, 'b');
      const begun = performance.now();
      while ((await storage.get(name, { near: true })) !== 'b') await systemClock.sleep(5);
      expect(performance.now() - begun).to.be.below(2 * LIMIT_MS);
      // Nothing is wanted of it any more: this question is the only one.
      await untilRedis(primary(0), ['CLIENT', 'LIST', 'TYPE', 'normal'], (clients) =>
        /^.*$/.test(clients),
      );
    });

    it('goes on with the replica of a primary that dies, by itself', async () => {
      const [theirs, ours] = [aName(0), aName(1)];
      const pair = [primary(0), ...cluster.replicas];
      const leads = pair.find((one) => askRedis(one, 'ROLE').startsWith('master'));
      const follows = pair.find((one) => one !== leads);
      if (!leads || !follows) throw new Error('nobody leads');
      await storage.set(theirs, 'a', MINUTE_MS);
      await storage.set(ours, 'a', MINUTE_MS);
      expect(await storage.get(theirs, { near: true })).to.equal('a');
      await untilReplicated(leads, follows);
      await leads.stop();
      const { error, tookMs } = await caughtAfter(() => storage.get(theirs));
      expect(error).to.be.instanceOf(Unavailable);
      expect(tookMs).to.be.below(LIMIT_MS);
      expect(await caught(storage.get(theirs, { near: true }))).to.be.instanceOf(Unavailable);
      await until(() => storage.set(theirs, 'b', MINUTE_MS));
      expect(await storage.get(theirs, { near: true })).to.equal('b');
      await until(() => storage.replace(ours, 'a', 'b', MINUTE_MS));
      await until(() => storage.erase());
      expect(await storage.get(theirs)).to.equal(undefined);
      await leads.start();
    });
  });
});
