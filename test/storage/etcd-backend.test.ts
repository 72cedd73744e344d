/** The store in a real etcd: what it keeps there, and outages that are loud, fast and survived. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Etcd3 } from 'etcd3';
import { systemClock } from '../../src/clock.ts';
import { Unavailable } from '../../src/errors.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { StoreUnavailable } from '../../src/storage/store-unavailable.ts';
import { bareEnvironment } from '../support/bare-environment.ts';
import { caught, caughtAfter } from '../support/caught.ts';
import { makeCertificates } from '../support/certificates.ts';
import { type EtcdServer, startEtcdServer } from '../support/etcd-server.ts';
import { ERROR, type LogLines, logLines } from '../support/log-lines.ts';
import { type LosingProxy, startLosingProxy } from '../support/losing-proxy.ts';
import { aFolder } from '../support/site-process.ts';
import { expectAllFail, LIMIT_MS, recovery } from '../support/store-outage.ts';

const MINUTE_MS = 60_000;
const DAY_S = 86_400;
const NAME = 'test:{1}:session';

describe('EtcdBackend', () => {
  let server: EtcdServer;
  /** Asks etcd itself, past the store. */
  let etcd: Etcd3;
  let lines: LogLines;
  let opened: Storage[];
  let storage: Storage;
  const open = async (uri: string) => {
    const one = await openStorage(uri, { log: lines.log, now: Date.now });
    opened.push(one);
    return one;
  };
  const kept = async (name: string) => (await etcd.get(name).exec()).kvs[0];
  const leases = async () => (await etcd.leaseClient.leaseLeases()).leases.length;

  before(async () => {
    server = await startEtcdServer();
    etcd = new Etcd3({ hosts: `127.0.0.1:${server.port}` });
  });
  after(async () => {
    etcd.close();
    await server.stop();
  });
  beforeEach(async () => {
    opened = [];
    lines = logLines();
    storage = await open(server.uri);
  });
  afterEach(async () => {
    server.thaw();
    await server.start();
    for (const one of opened) await one.close();
    await etcd.delete().all();
  });

  it('keeps exactly the name and the bytes given, and their time to live', async () => {
    for (const [seconds, atMost] of [
      [0.001, 2],
      [1, 2],
      [59.7, 61],
      [900, 915],
      [90 * DAY_S, 92 * DAY_S],
    ] as const) {
      const other = 'test:{1}:account';
      await storage.set(NAME, 'sealed', seconds * 1000);
      await storage.delete(other);
      await storage.replace(other, undefined, '=bytes', seconds * 1000);
      expect(await etcd.getAll().strings()).to.deep.equal({ [NAME]: 'sealed', [other]: '=bytes' });
      for (const name of [NAME, other]) {
        const { lease = '' } = (await kept(name)) ?? {};
        const { TTL } = await etcd.leaseClient.leaseTimeToLive({ ID: lease });
        expect(Number(TTL)).to.be.within(Math.floor(seconds), atMost);
      }
    }
  });

  it('needs few leases, however many records and changes there are', async () => {
    const before = await leases();
    for (let time = 0; time < 100; time += 1) {
      await storage.set(`test:{${time % 10}}:a`, String(time), 12 * 60 * MINUTE_MS + time);
      await storage.replace(
        NAME,
        time === 0 ? undefined : String(time - 1),
        String(time),
        MINUTE_MS,
      );
    }
    expect((await leases()) - before).to.be.at.most(10);
  });

  it('keeps what it is given when etcd has lost its leases', async () => {
    await storage.replace(NAME, undefined, 'a', MINUTE_MS);
    const { lease = '' } = (await kept(NAME)) ?? {};
    await etcd.leaseClient.leaseRevoke({ ID: lease });
    expect(await storage.replace(NAME, undefined, 'b', MINUTE_MS)).to.equal('replaced');
    expect(await storage.get(NAME)).to.equal('b');
    expect(await storage.replace(NAME, 'a', 'c', MINUTE_MS)).to.equal('conflict');
  });

  it('erases more than it asks for at once', async () => {
    await Promise.all(
      Array.from({ length: 1100 }, (_, i) => etcd.put(`concierge:{${i}}:a`).value('a').exec()),
    );
    await etcd.put('concierge:|').value('not ours');
    expect(await storage.erase()).to.equal(1100);
    expect(await etcd.getAll().keys()).to.deep.equal(['concierge:|']);
  });

  it('says where it is without its credentials', async () => {
    const other = await open(`etcd://me:hidden-word@127.0.0.1:${server.port}`);
    await caught(other.ping());
    expect(lines.text()).not.to.include('hidden-word');
    expect(other).to.include({ label: `etcd://127.0.0.1:${server.port}`, shared: true });
  });

  describe('that is down', () => {
    it('at the start: opens, fails fast, and works once it is up', async () => {
      await server.stop();
      const other = await open(server.uri);
      await expectAllFail(other);
      await expectAllFail(other, 400);
      await server.start();
      await recovery(other);
      expect(await other.replace(NAME, undefined, 'a', MINUTE_MS)).to.equal('replaced');
    });

    it('since: fails fast, says so once, and works once it is up again', async () => {
      await storage.replace(NAME, undefined, 'a', MINUTE_MS);
      await server.stop();
      await expectAllFail(storage);
      await expectAllFail(storage, 400);
      const reasons = lines.of('store_failed').map(({ reason }) => reason);
      expect(new Set(reasons), String(reasons)).to.have.property('size', reasons.length);
      await server.start();
      await recovery(storage);
      expect(lines.of('store_restored')).to.have.length(1);
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
      await server.freeze();
      await expectAllFail(storage);
      await expectAllFail(storage, 400);
      server.thaw();
      await recovery(storage);
      await storage.get(NAME);
    });

    it('did nothing that it gave no lease for, and may have deleted', async () => {
      await storage.set('test:{1}:a', 'a', MINUTE_MS);
      await server.freeze();
      const [adding, deleting] = await Promise.all([
        caughtAfter(() => storage.replace(NAME, undefined, 'a', DAY_S * 1000)),
        caughtAfter(() => storage.replace('test:{1}:a', 'a', undefined, MINUTE_MS)),
      ]);
      expect(adding.error).to.be.instanceOf(Unavailable).and.include({ outcome: 'not-done' });
      expect(deleting.error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
      for (const { tookMs } of [adding, deleting]) expect(tookMs).to.be.below(LIMIT_MS);
      server.thaw();
      await recovery(storage);
      expect(await storage.get(NAME)).to.equal(undefined);
    });

    it('is told from one that is slow, whose answer is waited for', async () => {
      await storage.set(NAME, 'a', MINUTE_MS);
      await server.freeze();
      const late = storage.get(NAME);
      await systemClock.sleep(400);
      server.thaw();
      expect(await late).to.equal('a');
    });
  });

  describe('whose answer is lost', () => {
    let proxy: LosingProxy;
    let behind: Storage;

    beforeEach(async () => {
      proxy = await startLosingProxy(server.port);
      behind = await open(`etcd://127.0.0.1:${proxy.port}`);
      await behind.replace(NAME, undefined, 'before-it', MINUTE_MS);
    });
    afterEach(() => proxy.close());

    it('is asked once: what was done is no conflict', async () => {
      proxy.loseAnswerTo('before-it');
      const outcome = await behind
        .replace(NAME, 'before-it', 'b', MINUTE_MS)
        .catch((error: unknown) => error);
      expect(outcome).not.to.equal('conflict');
      expect((await kept(NAME))?.value.toString()).to.equal('b');
    });

    it('does not take an absence for its own deed: another may have taken the record', async () => {
      proxy.loseAnswerTo('before-it');
      const error = await caught(behind.replace(NAME, 'before-it', undefined, MINUTE_MS));
      expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
    });
  });

  describe('that refuses', () => {
    it('to write for want of room: says so, never that it is kept', async () => {
      const small = await startEtcdServer(['--quota-backend-bytes', '1']);
      try {
        const full = await open(small.uri);
        const writes = Array.from({ length: 3 }, () => full.set(NAME, 'a', MINUTE_MS));
        await Promise.allSettled(writes);
        const error = await caught(full.set(NAME, 'b', MINUTE_MS));
        expect(error)
          .to.be.instanceOf(StoreUnavailable)
          .and.include({ state: 'full', outcome: 'not-done' });
        expect(lines.of('store_failed').map(({ level, reason }) => [level, reason])).to.deep.equal([
          [ERROR, 'mvcc: database space exceeded'],
        ]);
        await full.get(NAME);
      } finally {
        await small.stop();
      }
    });

    it('our password: alarms the operator, tells nobody the password, and goes on trying', async () => {
      const locked = await startEtcdServer(['--bcrypt-cost', '4']);
      const admin = new Etcd3({ hosts: `127.0.0.1:${locked.port}` });
      let owner: Etcd3 | undefined;
      try {
        const root = await admin.user('root').create('right-word');
        await admin.role('root').addUser(root);
        await admin.auth.authEnable();
        const at = (credentials: string) => open(`etcd://${credentials}127.0.0.1:${locked.port}`);
        for (const credentials of ['root:wrong-word@', '']) {
          const wrong = await at(credentials);
          const error = await caught(wrong.set(NAME, 'a', MINUTE_MS));
          expect(error).to.be.instanceOf(StoreUnavailable).and.include({ state: 'refused' });
          expect(inspect(error, { depth: 10 })).not.to.match(/(wrong|right)-word/);
        }
        expect(lines.of('store_password_refused').map(({ level }) => level)).to.deep.equal([
          ERROR,
          ERROR,
        ]);
        expect(lines.text()).not.to.match(/(wrong|right)-word/);
        const right = await at('root:right-word@');
        await right.set(NAME, 'a', MINUTE_MS);
        expect(await right.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
        const auth = { username: 'root', password: 'right-word' };
        owner = new Etcd3({ hosts: `127.0.0.1:${locked.port}`, auth });
        await owner.auth.userChangePassword({ name: 'root', password: 'wrong-word' });
        const [once] = opened.filter((one) => one !== storage);
        if (once) await recovery(once);
      } finally {
        admin.close();
        owner?.close();
        await locked.stop();
      }
    });
  });

  describe('in a process of its own', () => {
    const run = async (uri: string, times: number, env: Record<string, string> = {}) => {
      const args = ['test/support/storage-process.ts', uri, NAME, String(times)];
      const child = spawn(process.execPath, args, { env: bareEnvironment(env) });
      const [status]: unknown[] = await once(child, 'close');
      return status;
    };

    it('leaves nothing behind that keeps the process', async () => {
      expect(await run(server.uri, 1)).to.equal(0);
    });

    it('speaks TLS for etcds://, with servers whose certificate it can trust only', async () => {
      const certificates = makeCertificates();
      const folder = aFolder();
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      writeFileSync(key, certificates.key);
      writeFileSync(cert, certificates.cert);
      const secure = await startEtcdServer(['--key-file', key, '--cert-file', cert], 'https');
      try {
        const uri = `etcds://localhost:${secure.port}`;
        expect(await run(uri, 1, { NODE_EXTRA_CA_CERTS: certificates.caFile })).to.equal(0);
        const stranger = await open(uri);
        expect(await caught(stranger.ping())).to.be.instanceOf(StoreUnavailable);
        expect(lines.of('store_failed')[0]?.['reason']).to.include('certificate');
      } finally {
        await secure.stop();
      }
    });
  });
});
