/** What every store promises, held on memory, SQLite and real servers. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { Misconfigured } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { caught } from '../support/caught.ts';
import { countUp } from '../support/count-up.ts';
import { startEtcdServer } from '../support/etcd-server.ts';
import { startMariadbServer } from '../support/mariadb-server.ts';
import { startMemcachedServer } from '../support/memcached-server.ts';
import { startPostgresServer } from '../support/postgres-server.ts';
import { startRedisCluster } from '../support/redis-cluster-servers.ts';
import { startRedisSentinels } from '../support/redis-sentinel-servers.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { aFolder } from '../support/site-process.ts';

const MINUTE_MS = 60_000;
/** Long enough for a Redis on a busy machine to answer within. */
const SHORT_MS = 150;
const DAY_MS = 24 * 60 * MINUTE_MS;

interface Subject {
  readonly uri: string;
  /** Lets time pass: by its clock where it takes one, else by waiting. */
  pass(ms: number): Promise<void>;
  /** How much later than asked a record may end. */
  readonly lateMs?: number;
  stop?(): Promise<void>;
}

/** Stores whose `replace` holds within one process only. */
const FOR_ONE_INSTANCE = ['memory:', 'memcached://'];
/** Stores that cannot list the names they keep, and so erase nothing. */
const WITHOUT_NAMES = ['memcached://'];

/** The clock that stores are given: those without a server keep time by it, and memcached's does. */
let nowMs = Date.now();
const jump = async (ms: number) => {
  nowMs += ms;
};

const subjects: Record<string, () => Promise<Subject>> = {
  'memory:': async () => ({ uri: 'memory:', pass: jump }),
  'sqlite:<file>': async () => ({ uri: `sqlite:${join(aFolder(), 'a.sqlite')}`, pass: jump }),
  'redis://': async () => {
    const server: RedisServer = await startRedisServer();
    return { uri: server.uri, pass: systemClock.sleep, stop: server.stop };
  },
  'redis-cluster://': async () => {
    const { uri, stop } = await startRedisCluster();
    return { uri, pass: systemClock.sleep, stop };
  },
  'rediss-sentinel://': async () => {
    const { uri, caFile = '', stop } = await startRedisSentinels({ secure: true });
    const usual = getCACertificates('default');
    setDefaultCACertificates([...usual, readFileSync(caFile, 'utf8')]);
    // For the processes that are started.
    process.env['NODE_EXTRA_CA_CERTS'] = caFile;
    return {
      uri,
      pass: systemClock.sleep,
      stop: async () => {
        setDefaultCACertificates(usual);
        delete process.env['NODE_EXTRA_CA_CERTS'];
        await stop();
      },
    };
  },
  'postgres://': async () => {
    const { uri, stop } = await startPostgresServer();
    return { uri, pass: systemClock.sleep, stop };
  },
  'mysql://': async () => {
    const { uri, stop } = await startMariadbServer();
    return { uri, pass: systemClock.sleep, stop };
  },
  'etcd://': async () => {
    const { uri, stop } = await startEtcdServer();
    return { uri, pass: systemClock.sleep, lateMs: 5000, stop };
  },
  'memcached://': async () => {
    const { uri, stop } = await startMemcachedServer();
    return { uri, pass: jump, stop };
  },
};

function open(uri: string, instanceName = 'test'): Promise<Storage> {
  return openStorage(uri, { log: createLog('silent'), now: () => nowMs, instanceName });
}

let names = 0;
/** A name that no other test uses. */
function aName(kind = 'session'): string {
  names += 1;
  return `test:{${randomBytes(8).toString('hex')}${names}}:${kind}`;
}

for (const [title, start] of Object.entries(subjects)) {
  describe(`The store ${title}`, () => {
    let subject: Subject;
    let storage: Storage;
    /** A second connection, to a store that several may share. */
    let other: Storage;

    before(async () => {
      subject = await start();
      storage = await open(subject.uri);
      other = storage.shared ? await open(subject.uri) : storage;
    });
    /** Lets the short time to live pass that `name` was last written with, and what it may be late. */
    const ended = async (name: string) => {
      await subject.pass(SHORT_MS + 50);
      const latest = systemClock.monotonic() + (subject.lateMs ?? 0);
      while (systemClock.monotonic() < latest && (await storage.get(name)) !== undefined)
        await systemClock.sleep(20);
    };
    after(async () => {
      await storage.close();
      await other.close();
      await subject.stop?.();
    });

    it('says whether several processes may share it', () => {
      expect(storage.shared).to.equal(!FOR_ONE_INSTANCE.includes(title));
    });

    describe('get, set and delete', () => {
      it('gives nothing for a name that was never set', async () => {
        expect(await storage.get(aName())).to.equal(undefined);
      });

      it('gives exactly what was set, to every connection', async () => {
        const name = aName();
        for (const value of ['{"value":"no JSON of ours"}', 'Grüße 🔑 \u0000 \n', '', '=', '-']) {
          await storage.set(name, value, MINUTE_MS);
          expect(await storage.get(name)).to.equal(value);
          expect(await other.get(name)).to.equal(value);
        }
      });

      it('keeps values of 100 kB', async () => {
        const name = aName();
        const value = randomBytes(50_000).toString('hex');
        await storage.set(name, value, MINUTE_MS);
        expect(await storage.get(name)).to.equal(value);
        expect(await storage.replace(name, value, `${value}.`, MINUTE_MS)).to.equal('replaced');
        expect(await other.get(name)).to.equal(`${value}.`);
      });

      it('tells names apart that differ by case only', async () => {
        const name = aName('session');
        await storage.set(name, 'small', MINUTE_MS);
        expect(await storage.get(name.toUpperCase())).to.equal(undefined);
      });

      it('deletes, and deletes what is gone without complaint', async () => {
        const name = aName();
        await storage.set(name, 'a', MINUTE_MS);
        await other.delete(name);
        expect(await storage.get(name)).to.equal(undefined);
        await storage.delete(name);
      });

      it('gives a copy that is near at hand for what it gives', async () => {
        const name = aName();
        await other.set(name, 'a', MINUTE_MS);
        expect(await storage.get(name, { near: true })).to.equal('a');
        expect(await storage.get(aName(), { near: true })).to.equal(undefined);
      });

      if (WITHOUT_NAMES.includes(title)) {
        it('erases nothing, and says how else it is done', async () => {
          const name = aName();
          await storage.set(name, 'a', MINUTE_MS);
          const error = await caught(storage.erase());
          expect(error).to.be.instanceOf(Misconfigured);
          expect(error).to.have.property('message').that.includes('TokenCache:InstanceName');
          expect(await storage.get(name)).to.equal('a');
        });
      } else {
        it('erases what is of its instance, and nothing else', async () => {
          const [mine, same] = await Promise.all([open(subject.uri, 'mine'), open(subject.uri)]);
          const theirs = ['test:{1}:a', 'mine2:{1}:a', 'min:{1}:a', 'mine:x:{1}:a', 'MINE:{1}:a'];
          const ours = Array.from({ length: 30 }, (_, i) => `mine:{${i}}:session`);
          const at = subject.uri === 'memory:' ? mine : same;
          for (const name of [...theirs, ...ours]) await at.set(name, 'a', MINUTE_MS);
          expect(await mine.erase()).to.equal(30);
          for (const name of ours) expect(await at.get(name)).to.equal(undefined);
          for (const name of theirs) expect(await at.get(name), name).to.equal('a');
          expect(await mine.erase()).to.equal(0);
          await Promise.all([mine.close(), same.close()]);
        });
      }

      it('answers a ping', async () => {
        await storage.ping();
      });

      it('refuses work once it is closed, and opens nothing again', async () => {
        const closed = await open(subject.uri);
        await closed.close();
        await closed.close();
        const { error } = await closed.get(aName()).then(
          () => ({ error: undefined }),
          (thrown: unknown) => ({ error: thrown }),
        );
        expect(error).to.have.property('code', 'unavailable');
      });
    });

    describe('expiry', () => {
      it('gives nothing once the time to live is over, however it was written', async () => {
        const [set, added, changed] = [aName(), aName(), aName()];
        await storage.set(set, 'a', SHORT_MS);
        await storage.replace(added, undefined, 'a', SHORT_MS);
        await storage.set(changed, 'a', MINUTE_MS);
        await storage.replace(changed, 'a', 'b', SHORT_MS);
        expect(await storage.get(changed)).to.equal('b');
        await ended(changed);
        for (const name of [set, added, changed])
          expect(await storage.get(name)).to.equal(undefined);
      });

      it('takes what has expired for absent in a replace', async () => {
        const name = aName();
        await storage.set(name, 'old', SHORT_MS);
        await ended(name);
        expect(await storage.replace(name, 'old', 'new', MINUTE_MS)).to.equal('conflict');
        expect(await storage.replace(name, 'old', undefined, MINUTE_MS)).to.equal('conflict');
        expect(await storage.replace(name, undefined, 'new', MINUTE_MS)).to.equal('replaced');
        expect(await storage.get(name)).to.equal('new');
      });

      it('lives as long as the last write says', async () => {
        const [name, short] = [aName(), aName()];
        await storage.set(name, 'a', SHORT_MS);
        await storage.replace(name, 'a', 'b', MINUTE_MS);
        await storage.set(short, 'a', SHORT_MS);
        await ended(short);
        expect(await storage.get(name)).to.equal('b');
      });

      it('takes 90 days, and parts of a millisecond', async () => {
        const name = aName();
        await storage.set(name, 'a', 90 * DAY_MS + 0.5);
        expect(await storage.replace(name, 'a', 'b', 90 * DAY_MS + 0.5)).to.equal('replaced');
        await subject.pass(20);
        expect(await storage.get(name)).to.equal('b');
      });
    });

    describe('replace', () => {
      it('adds where nothing is, and only there', async () => {
        const name = aName();
        expect(await storage.replace(name, undefined, 'a', MINUTE_MS)).to.equal('replaced');
        expect(await other.replace(name, undefined, 'b', MINUTE_MS)).to.equal('conflict');
        expect(await storage.get(name)).to.equal('a');
      });

      it('changes what is expected, and only that', async () => {
        const name = aName();
        expect(await storage.replace(name, 'a', 'b', MINUTE_MS)).to.equal('conflict');
        expect(await storage.get(name)).to.equal(undefined);
        await storage.set(name, 'a', MINUTE_MS);
        expect(await other.replace(name, 'a', 'b', MINUTE_MS)).to.equal('replaced');
        expect(await storage.replace(name, 'a', 'c', MINUTE_MS)).to.equal('conflict');
        expect(await storage.get(name)).to.equal('b');
      });

      it('takes away what is expected, and only that', async () => {
        const name = aName();
        await storage.set(name, 'a', MINUTE_MS);
        expect(await storage.replace(name, 'b', undefined, MINUTE_MS)).to.equal('conflict');
        expect(await other.get(name)).to.equal('a');
        expect(await storage.replace(name, 'a', undefined, MINUTE_MS)).to.equal('replaced');
        expect(await other.get(name)).to.equal(undefined);
        expect(await storage.replace(name, 'a', undefined, MINUTE_MS)).to.equal('conflict');
      });

      it('tells whether nothing is there, and changes nothing', async () => {
        const name = aName();
        expect(await storage.replace(name, undefined, undefined, MINUTE_MS)).to.equal('replaced');
        await storage.set(name, 'a', MINUTE_MS);
        expect(await storage.replace(name, undefined, undefined, MINUTE_MS)).to.equal('conflict');
        expect(await storage.get(name)).to.equal('a');
      });

      it('compares exact bytes', async () => {
        const name = aName();
        const near = ['value ', 'Value', 'valu', 'value\u0000', '', '-', '=value', 'valu\u00e9'];
        await storage.set(name, 'value', MINUTE_MS);
        for (const expected of near) {
          expect(await storage.replace(name, expected, 'b', MINUTE_MS), expected).to.equal(
            'conflict',
          );
        }
        // Composed and decomposed: the same to the eye, other bytes.
        await storage.set(name, 'caf\u00e9', MINUTE_MS);
        expect(await storage.replace(name, 'cafe\u0301', 'b', MINUTE_MS)).to.equal('conflict');
        expect(await storage.replace(name, 'caf\u00e9', 'b', MINUTE_MS)).to.equal('replaced');
      });

      it('tells an empty value from none', async () => {
        const name = aName();
        await storage.set(name, '', MINUTE_MS);
        expect(await storage.replace(name, undefined, 'a', MINUTE_MS)).to.equal('conflict');
        expect(await storage.replace(name, '', 'a', MINUTE_MS)).to.equal('replaced');
      });

      it('lets one of many takers win', async () => {
        const name = aName('transaction');
        await storage.set(name, 'once', MINUTE_MS);
        const takers = Array.from({ length: 20 }, (_, i) =>
          (i % 2 ? storage : other).replace(name, 'once', undefined, MINUTE_MS),
        );
        const outcomes = await Promise.all(takers);
        expect(outcomes.filter((outcome) => outcome === 'replaced')).to.have.length(1);
      });

      it('loses no update of fifty at once', async () => {
        const name = aName();
        await Promise.all(
          Array.from({ length: 50 }, (_, i) => countUp(i % 2 ? storage : other, name)),
        );
        expect(await storage.get(name)).to.equal('50');
      });

      if (!FOR_ONE_INSTANCE.includes(title)) {
        it('loses no update of several processes', async () => {
          const name = aName();
          const args = ['test/support/storage-process.ts', subject.uri, name, '50'];
          const ends = Array.from({ length: 3 }, () =>
            once(spawn(process.execPath, args, { stdio: 'inherit' }), 'close'),
          );
          expect(await Promise.all(ends)).to.deep.equal(Array(3).fill([0, null]));
          expect(await storage.get(name)).to.equal('150');
        });
      }
    });
  });
}
