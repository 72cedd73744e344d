/** The store in a real memcached: what it keeps there and for how long, and outages that are survived. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { StoreUnavailable } from '../../src/storage/store-unavailable.ts';
import { caught, caughtAfter } from '../support/caught.ts';
import { ERROR, type LogLines, logLines, WARN } from '../support/log-lines.ts';
import { startLosingProxy } from '../support/losing-proxy.ts';
import { type MemcachedServer, startMemcachedServer } from '../support/memcached-server.ts';
import { aFolder } from '../support/site-process.ts';
import { expectAllFail, LIMIT_MS, recovery } from '../support/store-outage.ts';

const MINUTE_MS = 60_000;
const DAY_S = 86_400;
const NAME = 'test:{1}:session';

describe('MemcachedStore', () => {
  let server: MemcachedServer;
  let lines: LogLines;
  let opened: Storage[];
  let storage: Storage;
  const open = async (uri: string) => {
    const one = await openStorage(uri, { log: lines.log, now: Date.now });
    opened.push(one);
    return one;
  };
  const connections = async () =>
    Number(/curr_connections (\d+)/.exec(await server.ask('stats'))?.[1]);

  beforeEach(async () => {
    opened = [];
    lines = logLines();
    server = await startMemcachedServer();
    storage = await open(server.uri);
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
    await server.stop();
  });

  it('keeps the bytes under exactly the name given, behind the time they end at', async () => {
    const before = Date.now();
    await storage.set(NAME, 'sealed', MINUTE_MS);
    const [, endsAt] = /\r\n(\d+):sealed\r\n/.exec(await server.ask(`mg ${NAME} v`)) ?? [];
    expect(Number(endsAt)).to.be.within(before + MINUTE_MS, Date.now() + MINUTE_MS);
  });

  it('lets memcached end a record in time, be that in a second or in 90 days', async () => {
    for (const [ttlMs, seconds] of [
      [1, 2],
      [999, 2],
      [1001, 3],
      [30 * DAY_S * 1000 - 2000, 30 * DAY_S - 1],
      [30 * DAY_S * 1000, 30 * DAY_S + 1],
      [90 * DAY_S * 1000, 90 * DAY_S + 1],
    ] as const) {
      await storage.set(NAME, 'a', ttlMs);
      const left = Number(/^HD t(-?\d+)/.exec(await server.ask(`mg ${NAME} t`))?.[1]);
      expect(left, String(ttlMs)).to.be.within(seconds - 2, seconds + 2);
    }
  });

  it('says at the start that it serves one instance, and what memcached forgets', async () => {
    const [line] = lines.of('store_serves_one_instance');
    expect(line).to.include({ level: WARN, store: server.uri });
    expect(line).to.have.property('msg').that.includes('one instance').and.includes('forgets');
    expect(storage.shared).to.equal(false);
  });

  it('says where it is without its credentials', async () => {
    const other = await open(`memcached://me:hidden-word@127.0.0.1:${server.port}`);
    await other.ping();
    expect(lines.text()).not.to.include('hidden-word');
    expect(other.label).to.equal(server.uri);
  });

  it('shows its user name and password, decoded', async () => {
    const { promise: shown, resolve } = Promise.withResolvers<string>();
    const listener = createServer((socket) => {
      socket
        .on('error', () => undefined)
        .on('data', (request) => {
          // Of the binary protocol: asked for its mechanisms it has PLAIN, and then takes the password.
          if (request[1] === 0x21) resolve(request.subarray(24).toString());
          const answer = Buffer.alloc(24);
          answer.set([0x81, request[1] ?? 0]);
          socket.write(answer);
        });
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const other = await open(`memcached://me:p%40ss@127.0.0.1:${port}`);
    const late = caught(other.ping());
    expect(await shown).to.equal('PLAIN\0me\0p@ss');
    await other.close();
    await late;
    listener.close();
  });

  it('has forgotten all when memcached was started anew', async () => {
    await storage.set(NAME, 'a', MINUTE_MS);
    await server.stop();
    await server.start();
    await recovery(storage);
    expect(await storage.get(NAME)).to.equal(undefined);
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
  });

  describe('that takes requests and answers none', () => {
    it('fails in 1.5 s, then at once, and works once it answers again', async () => {
      await storage.set(NAME, 'a', MINUTE_MS);
      await server.freeze();
      const other = await open(server.uri);
      await Promise.all([expectAllFail(storage), expectAllFail(other)]);
      await Promise.all([expectAllFail(storage, 400), expectAllFail(other, 100)]);
      server.thaw();
      await Promise.all([recovery(storage), recovery(other)]);
      expect(await storage.get(NAME)).to.equal('a');
    });

    it('does not undo what is written later by what was given up on', async () => {
      await server.freeze();
      await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => storage.set(`${NAME}${i}`, 'given up', MINUTE_MS)),
      );
      server.thaw();
      await recovery(storage);
      for (let i = 0; i < 20; i += 1) await storage.set(`${NAME}${i}`, 'later', MINUTE_MS);
      await systemClock.sleep(50);
      for (let i = 0; i < 20; i += 1) expect(await storage.get(`${NAME}${i}`)).to.equal('later');
    });

    it('keeps no connection that was given up, nor any once it is closed', async () => {
      await storage.ping();
      const before = await connections();
      await server.freeze();
      await caught(storage.ping());
      server.thaw();
      await recovery(storage);
      expect(await connections()).to.be.at.most(before + 1);
      await server.freeze();
      const late = caught(storage.get(NAME));
      await storage.close();
      await late;
      server.thaw();
      while ((await connections()) >= before) await systemClock.sleep(20);
    });

    it('is left for the one that its address leads to since', async () => {
      const proxy = await startLosingProxy(server.port);
      const next = await startMemcachedServer();
      try {
        const behind = await open(`memcached://127.0.0.1:${proxy.port}`);
        await behind.ping();
        await server.freeze();
        proxy.targetPort = next.port;
        await caught(behind.ping());
        await recovery(behind);
        await behind.set(NAME, 'a', MINUTE_MS);
        expect(await next.ask(`mg ${NAME} v`)).to.include(':a');
      } finally {
        await proxy.close();
        await next.stop();
      }
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

  describe('that refuses', () => {
    const reasons = () => lines.of('store_failed').map(({ level, reason }) => [level, reason]);

    it('is not asked to keep what is too large, and keeps what it has', async () => {
      await storage.set(NAME, 'a', MINUTE_MS);
      const large = 'ü'.repeat(500_000);
      for (const write of [
        () => storage.set(NAME, large, MINUTE_MS),
        () => storage.replace(NAME, 'a', large, MINUTE_MS),
      ]) {
        expect(await caught(write()))
          .to.be.instanceOf(StoreUnavailable)
          .and.include({ state: 'full', outcome: 'not-done' });
      }
      expect(reasons()).to.deep.equal([
        [ERROR, 'a record is larger than the 1 MB that memcached keeps'],
      ]);
      expect(await storage.get(NAME)).to.equal('a');
      await storage.set(NAME, 'ü'.repeat(499_000), MINUTE_MS);
    });

    it('a record that its own limit is too low for: says so, never that it is kept', async () => {
      const small = await startMemcachedServer(['-I', '512k']);
      try {
        const other = await open(small.uri);
        const error = await caught(other.set(NAME, 'a'.repeat(600_000), MINUTE_MS));
        expect(error).to.be.instanceOf(StoreUnavailable).and.include({ state: 'full' });
        expect(reasons()).to.deep.equal([[ERROR, 'Value too large']]);
        await other.ping();
      } finally {
        await small.stop();
      }
    });

    it('to write for want of memory: says so, never that it is kept', async () => {
      const small = await startMemcachedServer(['-m', '2', '-M']);
      try {
        const other = await open(small.uri);
        const writes = Array.from({ length: 40 }, (_, i) =>
          other.set(`${NAME}${i}`, 'a'.repeat(100_000), MINUTE_MS),
        );
        const outcomes = await Promise.allSettled(writes);
        for (const [i, { status }] of outcomes.entries()) {
          const kept = await other.get(`${NAME}${i}`);
          expect(kept !== undefined, String(i)).to.equal(status === 'fulfilled');
        }
        for (const said of reasons()) expect(said).to.deep.equal([ERROR, 'Out of memory']);
        expect(reasons()).not.to.be.empty;
      } finally {
        await small.stop();
      }
    });

    it('our password, or that we have none: alarms the operator', async () => {
      const folder = aFolder();
      writeFileSync(join(folder, 'memcached.conf'), 'mech_list: plain\n');
      const locked = await startMemcachedServer(['-S'], { SASL_CONF_PATH: folder });
      try {
        for (const credentials of ['me:hidden-word@', '']) {
          const other = await open(`memcached://${credentials}127.0.0.1:${locked.port}`);
          const { error, tookMs } = await caughtAfter(() => other.set(NAME, 'a', MINUTE_MS));
          expect(error).to.be.instanceOf(StoreUnavailable).and.include({ state: 'refused' });
          expect(tookMs).to.be.below(LIMIT_MS);
          expect(inspect(error, { depth: 10 })).not.to.include('hidden-word');
        }
        expect(lines.of('store_password_refused')).to.have.length(2);
        expect(lines.text()).not.to.include('hidden-word');
      } finally {
        await locked.stop();
      }
    });
  });
});
