/** Near reads of a real Redis: true within moments, gone with their connection, bounded. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { RedisClients } from '../../src/storage/redis-client.ts';
import { RedisNear } from '../../src/storage/redis-near.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { caught } from '../support/caught.ts';
import { type LogLines, logLines } from '../support/log-lines.ts';
import { type RedisNearProxy, startRedisNearProxy } from '../support/redis-near-proxy.ts';
import { askRedis, callsOf, type RedisServer, startRedisServer } from '../support/redis-server.ts';

const MINUTE_MS = 60_000;
const NAME = 'test:{1}:session';
const INFO = 30;
/** What is read near is never older, connected or not. */
const LIMIT_MS = 1500;

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await systemClock.sleep(2);
}

describe('RedisBackend, read near', () => {
  let server: RedisServer;
  let proxy: RedisNearProxy;
  let lines: LogLines;
  let opened: Storage[];
  /** Reads near, by way of the proxy. */
  let storage: Storage;
  /** Writes, past the proxy. */
  let other: Storage;

  const open = async (uri: string) => {
    const one = await openStorage(uri, { log: lines.log, now: Date.now });
    opened.push(one);
    return one;
  };
  const near = (name = NAME) => storage.get(name, { near: true });
  /** When it is answered, all that the server had told of changes before has been read. */
  const hearAll = async () => {
    await near(`test:{${randomBytes(8).toString('hex')}}:none`);
  };
  const reads = () => callsOf('get', server);
  /** Writes a value, and reads it until it is kept here. */
  const keep = async (value: string) => {
    await other.set(NAME, value, MINUTE_MS);
    await until(async () => {
      await near();
      const before = await reads();
      return (await near()) === value && (await reads()) === before;
    });
  };

  beforeEach(async () => {
    opened = [];
    lines = logLines();
    server = await startRedisServer();
    proxy = await startRedisNearProxy(server.port);
    storage = await open(`redis://127.0.0.1:${proxy.port}`);
    other = await open(server.uri);
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
    await proxy.close();
    await server.stop();
  });

  it('asks Redis once, and ordinary reads each time', async () => {
    await other.set(NAME, 'a', MINUTE_MS);
    expect(await near()).to.equal('a');
    const before = await reads();
    for (let time = 0; time < 10; time += 1) expect(await near()).to.equal('a');
    expect(await reads()).to.equal(before);
    expect(await storage.get(NAME)).to.equal('a');
    expect(await reads()).to.equal(before + 1);
  });

  it('asks Redis once for many at once', async () => {
    await other.set(NAME, 'a', MINUTE_MS);
    const before = await reads();
    const values = await Promise.all(Array.from({ length: 20 }, () => near()));
    expect(values).to.deep.equal(Array(20).fill('a'));
    expect(await reads()).to.equal(before + 1);
  });

  it('sees what others change, as soon as Redis has told it', async () => {
    await keep('a');
    await other.set(NAME, 'b', MINUTE_MS);
    await hearAll();
    expect(await near()).to.equal('b');
    await other.replace(NAME, 'b', 'c', MINUTE_MS);
    await hearAll();
    expect(await near()).to.equal('c');
    await other.delete(NAME);
    await hearAll();
    expect(await near()).to.equal(undefined);
    await keep('d');
    askRedis(server, 'FLUSHALL');
    await hearAll();
    expect(await near()).to.equal(undefined);
  });

  it('is told of a change within 50 ms as a rule, and never much later', async () => {
    await keep('0');
    const waits: number[] = [];
    for (let time = 1; time <= 50; time += 1) {
      await other.set(NAME, String(time), MINUTE_MS);
      const begun = performance.now();
      while ((await near()) !== String(time)) await systemClock.sleep(0);
      waits.push(performance.now() - begun);
    }
    waits.sort((a, b) => a - b);
    expect(waits[25], 'the median').to.be.below(50);
    expect(waits.at(-1), 'the longest').to.be.below(LIMIT_MS);
  });

  it('sees what expires', async () => {
    await other.set(NAME, 'a', 200);
    expect(await near()).to.equal('a');
    await until(async () => (await near()) === undefined);
  });

  it('sees its own writes at once, even before Redis can tell it of them', async () => {
    const writes: [next: string | undefined, write: () => Promise<unknown>][] = [
      ['b', () => storage.set(NAME, 'b', MINUTE_MS)],
      ['c', () => storage.replace(NAME, 'a', 'c', MINUTE_MS)],
      [undefined, () => storage.replace(NAME, 'a', undefined, MINUTE_MS)],
      [undefined, () => storage.delete(NAME)],
      [undefined, () => storage.erase()],
    ];
    // Erasing takes what is of the instance only.
    storage = await openStorage(`redis://127.0.0.1:${proxy.port}`, {
      log: lines.log,
      now: Date.now,
      instanceName: 'test',
    });
    opened.push(storage);
    for (const [next, write] of writes) {
      await keep('a');
      proxy.hold();
      await write();
      const read = near();
      proxy.release();
      expect(await read, String(write)).to.equal(next);
    }
  });

  it('keeps nothing that was changed while it was read', async () => {
    await other.set(NAME, 'a', MINUTE_MS);
    await hearAll();
    for (const [change, now] of [
      [() => other.set(NAME, 'b', MINUTE_MS), 'b'],
      [() => other.delete(NAME), undefined],
      [async () => askRedis(server, 'FLUSHALL'), undefined],
    ] as const) {
      await other.set(NAME, 'a', MINUTE_MS);
      await hearAll();
      proxy.hold();
      const before = await reads();
      const read = near();
      await until(async () => (await reads()) > before);
      await change();
      await until(() => proxy.heldBack().includes('invalidate'));
      // The old value and the word that it is old, in one piece.
      proxy.release();
      expect(await read).to.be.oneOf(['a', now]);
      expect(await near(), String(change)).to.equal(now);
    }
  });

  it('keeps no absence', async () => {
    expect(await near()).to.equal(undefined);
    await other.set(NAME, 'a', MINUTE_MS);
    expect(await near()).to.equal('a');
  });

  it('gives nothing from before its connection broke', async () => {
    await keep('a');
    proxy.hold();
    await other.set(NAME, 'b', MINUTE_MS);
    expect(await near(), 'Redis could not tell it yet').to.equal('a');
    proxy.cut();
    proxy.release();
    await until(async () => (await near()) === 'b');
    await keep('c');
  });

  it('gives nothing older than 1.5 s when Redis falls silent, and reads as ever then', async () => {
    await keep('a');
    proxy.hold();
    await other.set(NAME, 'b', MINUTE_MS);
    const begun = performance.now();
    await until(async () => (await near()) === 'b');
    expect(performance.now() - begun).to.be.below(LIMIT_MS);
    for (let time = 0; time < 20; time += 1) {
      expect(await near()).to.equal('b');
      await systemClock.sleep(5);
    }
    proxy.release();
    await keep('c');
  });

  it('gives nothing that this process, held up itself, could not hear the change of', async () => {
    await keep('a');
    askRedis(server, 'SET', NAME, 'b');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);
    expect(await near()).to.equal('b');
  });

  it('keeps its connections when this process, held up itself, is silent for long', async () => {
    await keep('a');
    for (let time = 0; time < 3; time += 1) {
      // Held up when its own question is under way, and when none is.
      await systemClock.sleep(100 * time);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1300);
      await systemClock.sleep(20);
      expect(await storage.get(NAME)).to.equal('a');
    }
    expect(lines.of('redis_silent')).to.be.empty;
    expect(lines.of('redis_error')).to.be.empty;
  });

  it('reads as ever when its connection breaks under a read', async () => {
    await other.set(NAME, 'a', MINUTE_MS);
    proxy.hold();
    const before = await reads();
    const read = near();
    await until(async () => (await reads()) > before);
    proxy.cut();
    expect(await read).to.equal('a');
  });

  it('fails as ever while Redis is down, whatever it kept', async () => {
    await keep('a');
    await server.stop();
    await until(() =>
      storage.ping().then(
        () => false,
        () => true,
      ),
    );
    expect(await caught(near())).to.have.property('code', 'unavailable');
  });

  it('moves to the new primary with the store, after a failover behind its address', async () => {
    const primary = await startRedisServer();
    try {
      await keep('a');
      askRedis(server, 'REPLICAOF', '127.0.0.1', '1');
      askRedis(primary, 'SET', NAME, 'b');
      proxy.targetPort = primary.port;
      await caught(storage.set('test:{2}:session', 'x', MINUTE_MS));
      await until(() =>
        storage.ping().then(
          () => true,
          () => false,
        ),
      );
      expect(await near()).to.equal('b');
      await until(async () => {
        const before = await callsOf('get', primary);
        await near();
        return (await callsOf('get', primary)) === before;
      });
      askRedis(primary, 'SET', NAME, 'c');
      await hearAll();
      expect(await near()).to.equal('c');
    } finally {
      await primary.stop();
    }
  });

  for (const [title, args] of [
    ['that is too old for it', ['--rename-command', 'HELLO', '']],
    [
      'whose operator forbids it',
      `--user default on nopass ~* &* +@all -client|tracking`.split(' '),
    ],
  ] as const) {
    it(`reads as ever from a Redis ${title}, and says so once`, async () => {
      const old = await startRedisServer(args);
      try {
        storage = await open(old.uri);
        await storage.set(NAME, 'a', MINUTE_MS);
        const before = await callsOf('get', old);
        for (let time = 0; time < 3; time += 1) expect(await near()).to.equal('a');
        expect(await callsOf('get', old)).to.equal(before + 3);
        expect(await storage.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
        expect(await near()).to.equal('b');
        expect(lines.of('redis_error')).to.be.empty;
        // Connected anew, it tries that, too.
        askRedis(old, 'CLIENT', 'KILL', 'TYPE', 'normal');
        await until(() =>
          storage.ping().then(
            () => true,
            () => false,
          ),
        );
        expect(await near()).to.equal('b');
        await systemClock.sleep(50);
        await storage.close();
        expect(lines.of('near_reads_off').map(({ level }) => level)).to.deep.equal([INFO]);
      } finally {
        await old.stop();
      }
    });
  }
});

describe('RedisNear', () => {
  let server: RedisServer;
  let near: RedisNear;
  const refused: string[] = [];

  const start = async (maxEntries?: number) => {
    server = await startRedisServer();
    near = new RedisNear({
      locate: async () => server.uri,
      clients: new RedisClients([]),
      onRefused: (reason) => refused.push(reason),
      ...(maxEntries && { maxEntries }),
    });
    near.connect();
    await near.tried;
  };
  const tryRead = (name: string) => near.get(name, async () => 'read otherwise');
  /** Asked from here Redis holds up this process, after which nothing kept is given at first. */
  const read = async (name: string) => {
    for (;;) {
      const value = await tryRead(name);
      if (value !== 'read otherwise') return value;
      await systemClock.sleep(5);
    }
  };

  afterEach(async () => {
    near.close();
    await server.stop();
  });

  it('keeps so many values and no more, those read last', async () => {
    await start(3);
    for (const name of ['a', 'b', 'c', 'd']) {
      askRedis(server, 'SET', name, name);
      expect(await read(name)).to.equal(name);
    }
    expect(near.size).to.equal(3);
    const before = await callsOf('get', server);
    for (const name of ['b', 'c', 'd']) await read(name);
    expect(await callsOf('get', server)).to.equal(before);
    await read('a');
    expect(await callsOf('get', server)).to.equal(before + 1);
  });

  it('keeps so many characters and no more', async () => {
    await start();
    const fill = `for i = 0, 39 do redis.call('SET', 'n' .. i, string.rep('x', 2 ^ 20)) end`;
    askRedis(server, 'EVAL', fill, '0');
    for (let i = 0; i < 40; i += 1) {
      expect(await read(`n${i}`)).to.have.length(2 ** 20);
    }
    expect(near.size).to.equal(31);
  });

  it('is empty as soon as it is not connected', async () => {
    await start();
    askRedis(server, 'SET', 'a', 'a');
    expect(await read('a')).to.equal('a');
    expect(near.size).to.equal(1);
    await server.stop();
    await until(() => near.size === 0);
    expect(await tryRead('a')).to.equal('read otherwise');
  });
});
