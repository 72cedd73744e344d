/** What the doctor finds at the store and in the key ring. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkKeyRing } from '../../scripts/doctor/check-key-ring.ts';
import { checkStore } from '../../scripts/doctor/check-store.ts';
import { storeRoundTrip } from '../../scripts/doctor/store-round-trip.ts';
import { systemClock } from '../../src/clock.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { aKey, goodEnv } from '../config/config-rig.ts';
import { caught } from '../support/caught.ts';
import { startMemcachedServer } from '../support/memcached-server.ts';
import { askRedis, startRedisServer } from '../support/redis-server.ts';
import { aFolder, freePort } from '../support/site-process.ts';
import { findingsOf, wordsOf } from './doctor-rig.ts';

const TIMES =
  /: write [\d.]+ ms, replace [\d.]+ ms, read [\d.]+ ms, delete [\d.]+ ms, lease [\d.]+ ms\.$/;

const storeFindings = (store: string, more: Record<string, string> = {}) =>
  findingsOf(checkStore, { ...goodEnv, TokenCache__Store: store, ...more });

async function aSqliteFile(): Promise<string> {
  const file = join(aFolder(), 'tokens.sqlite');
  const storage = await openStorage(`sqlite:${file}`, { log: createLog('silent'), now: Date.now });
  await storage.set('concierge:{a}:session', 'kept', 60_000);
  await storage.close();
  return file;
}

describe('The doctor, of the store', () => {
  it('takes a file through every operation, and leaves what is in it as it was', async () => {
    const file = await aSqliteFile();
    const [finding, ...others] = await storeFindings(`sqlite:${file}`);
    expect(finding).to.have.property('result', 'ok');
    expect(finding?.seen).to.match(TIMES).and.include(file);
    expect(others).to.deep.equal([]);
    const storage = await openStorage(`sqlite:${file}`, {
      log: createLog('silent'),
      now: Date.now,
    });
    expect(await storage.get('concierge:{a}:session')).to.equal('kept');
    expect(await storage.erase(), 'nothing of the doctor’s').to.equal(1);
    await storage.close();
  });

  it('makes no file in the site’s place', async () => {
    const file = join(aFolder(), 'deep', 'tokens.sqlite');
    const [finding] = await storeFindings(`sqlite:${file}`);
    expect(finding).to.have.property('result', 'ok');
    expect(finding?.seen).to.include('not there yet');
    expect(existsSync(join(file, '..'))).to.equal(false);
  });

  it('names a file that is no database, a folder in its place, and a path through a file', async () => {
    const folder = aFolder();
    writeFileSync(join(folder, 'text'), 'This is no database, and it is long enough to tell.');
    mkdirSync(join(folder, 'folder'));
    for (const [name, said] of [
      ['text', 'no SQLite database'],
      ['folder', 'it is a folder'],
      ['text/tokens.sqlite', 'cannot be written to by this user'],
    ] as const) {
      const [finding] = await storeFindings(`sqlite:${join(folder, name)}`);
      expect(finding, name).to.have.property('result', 'failed');
      expect(finding?.seen, name).to.include(said);
    }
  });

  it('prints a command that hands over a wild path as it is', async () => {
    const file = join(aFolder(), "it's $(id) `id` & x");
    writeFileSync(file, '');
    const [finding] = await storeFindings(`sqlite:${join(file, 'tokens.sqlite')}`);
    expect(finding).to.have.property('result', 'failed');
    expect(wordsOf(finding?.mend?.command)).to.deep.equal(['ls', '-ld', file]);
  });

  it('works with Redis, and leaves no key behind', async () => {
    const server = await startRedisServer();
    const [finding, ...others] = await storeFindings(server.uri);
    const left = askRedis(server, 'DBSIZE');
    await server.stop();
    expect(finding).to.have.property('result', 'ok');
    expect(finding?.seen).to.match(TIMES);
    expect(others).to.deep.equal([]);
    expect(left).to.equal('0');
  });

  it('tells a store that is down from one that refuses us, and from one that takes no writes', async () => {
    const closed = await storeFindings(`redis://127.0.0.1:${await freePort()}`);
    const locked = await startRedisServer(['--requirepass', 'the-right-one']);
    const refused = await storeFindings(`redis://:canary-password@127.0.0.1:${locked.port}`);
    await locked.stop();
    const lonely = await startRedisServer(['--min-replicas-to-write', '1']);
    const readonly = await storeFindings(lonely.uri);
    await lonely.stop();
    for (const [[finding], said, mend, command] of [
      [closed, 'is not to be reached', 'Start the store', 'az redisenterprise show'],
      [refused, 'refuses us', 'Correct user name and password', 'list-keys'],
      [readonly, 'takes no writes (NOREPLICAS)', 'primary', 'az redisenterprise show'],
    ] as const) {
      expect(finding, said).to.have.property('result', 'failed');
      expect(finding?.seen).to.include(said);
      expect(finding?.mend?.text).to.include(mend);
      expect(finding?.mend?.command).to.include(command);
      expect(JSON.stringify(finding)).not.to.include('canary');
    }
  }).timeout(20_000);

  it('names a store that serves one instance only; memory is well on a developer’s machine', async () => {
    const server = await startMemcachedServer();
    const [works, limit] = await storeFindings(server.uri);
    await server.stop();
    expect(works).to.have.property('result', 'ok');
    expect(limit).to.have.property('result', 'warning');
    expect(limit?.seen).to.include('serves one instance only');
    expect(limit?.mend?.text).to.include('run one instance of this site only');
    const here = await storeFindings('memory:');
    expect(here.map(({ result }) => result)).to.deep.equal(['ok']);
    const there = await storeFindings('memory:', { Site__PublicUrl: 'https://site.example' });
    expect(there.map(({ result }) => result)).to.deep.equal(['ok', 'warning']);
  });

  it('does not open what the configuration has faults in', async () => {
    const [finding] = await storeFindings('redsi://127.0.0.1');
    expect(finding).to.have.property('result', 'skipped');
  });

  describe('that does something else than it must', () => {
    const problemOf = async (wrong: (storage: Storage) => Partial<Storage>) => {
      const storage = await openStorage('memory:', { log: createLog('silent'), now: Date.now });
      const { label, shared } = storage;
      const honest: Storage = {
        ...{ label, shared },
        get: (name) => storage.get(name),
        set: (name, value, ttlMs) => storage.set(name, value, ttlMs),
        delete: (name) => storage.delete(name),
        replace: (...args) => storage.replace(...args),
        erase: () => storage.erase(),
        ping: () => storage.ping(),
        close: () => storage.close(),
      };
      const error = await caught(
        storeRoundTrip({ ...honest, ...wrong(storage) }, 'test', systemClock),
      );
      await storage.close();
      return error;
    };

    it('is found out: one that compares nothing, forgets, keeps or never replaces', async () => {
      const cases: Record<string, (storage: Storage) => Partial<Storage>> = {
        'replaces a record that is another': (storage) => ({
          replace: async (name, _, next, ttlMs) => {
            if (next === undefined) await storage.delete(name);
            else await storage.set(name, next, ttlMs);
            return 'replaced';
          },
        }),
        'something else than it was given': () => ({ get: async () => undefined }),
        'keeps what was deleted': () => ({ delete: async () => undefined }),
        'does not replace': () => ({ replace: async () => 'conflict' }),
      };
      for (const [said, wrong] of Object.entries(cases)) {
        expect(await problemOf(wrong))
          .to.have.property('message')
          .that.includes(said);
      }
    });
  });
});

describe('The doctor, of the key ring', () => {
  it('seals and opens with each key, and shows ids that tell nothing of them', async () => {
    const env = { ...goodEnv, TokenCache__EncryptionKeys__1: aKey(3) };
    const [finding] = await findingsOf(checkKeyRing, env);
    expect(finding).to.have.property('result', 'ok');
    expect(finding?.seen).to.match(/^2 keys: [0-9a-f]{8} seals and opens; [0-9a-f]{8} open, too\./);
    const [other] = await findingsOf(checkKeyRing, {
      ...env,
      TokenCache__EncryptionKeys__0: aKey(3),
      TokenCache__EncryptionKeys__1: aKey(1),
    });
    const ids = (text = '') => text.match(/[0-9a-f]{8}/g) ?? [];
    expect(ids(other?.seen)).to.deep.equal(ids(finding?.seen).toReversed());
  });

  it('tells keys of this machine, and keys that are still to be made', async () => {
    const { TokenCache__EncryptionKeys__0: _, ...without } = goodEnv;
    const [absent] = await findingsOf(checkKeyRing, without);
    expect(absent).to.have.property('result', 'skipped');
    expect(absent?.seen).to.include('the site makes .local/keys.json');
  });

  it('says nothing of keys that are faulty', async () => {
    const env = { ...goodEnv, TokenCache__EncryptionKeys__0: 'bm90IHRoaXJ0eS10d28=' };
    const [finding] = await findingsOf(checkKeyRing, env);
    expect(finding).to.deep.equal({
      check: 'key ring',
      result: 'skipped',
      seen: 'TokenCache:EncryptionKeys is absent or faulty.',
    });
  });
});
