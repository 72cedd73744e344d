/** The real MongoDB driver against a stand-in: no MongoDB server was met here. */
import { inspect } from 'node:util';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { Misconfigured } from '../../src/errors.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { StoreUnavailable } from '../../src/storage/store-unavailable.ts';
import { caught } from '../support/caught.ts';
import { countUp } from '../support/count-up.ts';
import { ERROR, type LogLines, logLines, WARN } from '../support/log-lines.ts';
import { type MongoStandIn, startMongoStandIn } from '../support/mongo-stand-in.ts';
import { freePort } from '../support/site-process.ts';
import { expectAllFail, recovery } from '../support/store-outage.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const NAME = 'test:{1}:session';

describe('MongoStore', () => {
  let server: MongoStandIn;
  let lines: LogLines;
  let opened: Storage[];
  const open = async (uri: string) => {
    const one = await openStorage(uri, { log: lines.log, now: Date.now, instanceName: 'test' });
    opened.push(one);
    return one;
  };

  beforeEach(async () => {
    opened = [];
    lines = logLines();
    server = await startMongoStandIn();
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
    await server.close();
  });

  it('keeps, reads, replaces, deletes and erases, and tells MongoDB when a record ends', async () => {
    const storage = await open(`mongodb://127.0.0.1:${server.port}`);
    const before = Date.now();
    await storage.set(NAME, 'Grüße 🔑 \u0000', 90 * DAY_MS);
    expect(await storage.get(NAME)).to.equal('Grüße 🔑 \u0000');
    expect(await storage.get('test:{2}:session')).to.equal(undefined);
    const kept = server.records.get(NAME);
    expect(kept?.['value']).to.match(/^\d{13}:Grüße/);
    expect(Number(kept?.['expiresAt'])).to.be.within(
      before + 90 * DAY_MS,
      Date.now() + 90 * DAY_MS,
    );
    while (server.indexes.length === 0) await systemClock.sleep(5);
    expect(server.indexes[0]).to.deep.include({ key: { expiresAt: 1 }, expireAfterSeconds: 0 });
    expect(await storage.replace(NAME, 'x', 'y', MINUTE_MS)).to.equal('conflict');
    expect(await storage.replace(NAME, 'Grüße 🔑 \u0000', undefined, 1)).to.equal('replaced');
    await Promise.all(Array.from({ length: 10 }, () => countUp(storage, NAME)));
    expect(await storage.get(NAME)).to.equal('10');
    await storage.set('test:x:{1}:a', 'a', MINUTE_MS);
    await storage.set('test2:{1}:a', 'a', MINUTE_MS);
    expect(await storage.erase()).to.equal(1);
    expect([...server.records.keys()]).to.deep.equal(['test:x:{1}:a', 'test2:{1}:a']);
  });

  it('keeps to the database that the URI names, else to one of its own', async () => {
    for (const [path, place] of [
      ['', 'concierge.records'],
      ['/', 'concierge.records'],
      ['/?w=1', 'concierge.records'],
      ['/mine?w=1', 'mine.records'],
    ] as const) {
      server.places.clear();
      server.indexes.length = 0;
      const storage = await open(`mongodb://127.0.0.1:${server.port}${path}`);
      await storage.ping();
      while (server.indexes.length === 0) await systemClock.sleep(5);
      expect([...server.places], path).to.deep.equal([place]);
    }
  });

  it('says at the start that it serves one instance, and is not tested', async () => {
    const storage = await open(`mongodb://127.0.0.1:${server.port}/db`);
    const [line] = lines.of('store_serves_one_instance');
    expect(line).to.include({ level: WARN, store: `mongodb://127.0.0.1:${server.port}/db` });
    expect(line).to.have.property('msg').that.includes('one instance').and.includes('untested');
    expect(storage.shared).to.equal(false);
  });

  it('says where it is without its credentials', async () => {
    const host = `127.0.0.1:${server.port}`;
    for (const [uri, label] of [
      [`mongodb://me:hidden-word@${host}`, `mongodb://${host}`],
      [
        `mongodb://me:hidden-word%40@${host},${host}/db?appName=hidden-word`,
        `mongodb://${host},${host}/db`,
      ],
    ] as const) {
      const storage = await open(uri);
      const error = await caught(storage.ping());
      expect(storage.label).to.equal(label);
      expect(lines.text() + inspect(error, { depth: 10 })).not.to.include('hidden-word');
    }
  });

  it('refuses a URI that the driver cannot read, and repeats nothing of it', async () => {
    for (const uri of [
      'mongodb://',
      'mongodb://me:hidden-word@',
      'mongodb://me:hidden-word%zz@host',
      'mongodb://me:hidden@word@host',
      'mongodb://me:hidden-word@host:99999',
      'mongodb://host?hidden-word=1',
      'mongodb+srv://me:hidden-word@host:1',
    ]) {
      const error = await caught(open(uri));
      expect(error, uri).to.be.instanceOf(Misconfigured);
      expect(lines.text() + inspect(error, { depth: 10 }), uri).not.to.include('hidden-word');
    }
  });

  it('opens while MongoDB is down, fails fast, and works once it is up', async () => {
    const port = await freePort();
    const storage = await open(`mongodb://127.0.0.1:${port}`);
    await expectAllFail(storage);
    await expectAllFail(storage, 400);
    for (const { reason } of lines.of('store_failed')) {
      expect(reason).to.match(/^Mongo(ServerSelection|TopologyClosed)Error$/);
    }
    const late = await startMongoStandIn(port);
    try {
      await recovery(storage);
      expect(await storage.replace(NAME, undefined, 'a', MINUTE_MS)).to.equal('replaced');
    } finally {
      await late.close();
    }
  });

  it('fails in 1.5 s while MongoDB is silent, then at once, and works once it answers', async () => {
    const storage = await open(`mongodb://127.0.0.1:${server.port}`);
    await storage.ping();
    server.silent = true;
    await expectAllFail(storage);
    await expectAllFail(storage, 400);
    server.silent = false;
    await recovery(storage);
  });

  it('tells the operator what MongoDB refuses, in its code’s name alone', async () => {
    const storage = await open(`mongodb://127.0.0.1:${server.port}`);
    await storage.ping();
    for (const [code, codeName, state] of [
      [13, 'Unauthorized', 'refused'],
      [10107, 'NotWritablePrimary', 'readonly'],
      [14031, 'OutOfDiskSpace', 'full'],
    ] as const) {
      server.refusal = { code, codeName };
      const error = await caught(storage.replace(NAME, undefined, 'a', MINUTE_MS));
      expect(error).to.be.instanceOf(StoreUnavailable).and.include({ state, outcome: 'not-done' });
      expect(lines.text()).to.include(codeName);
    }
    expect(lines.of('store_password_refused')[0]).to.include({ level: ERROR });
    expect(lines.text()).not.to.include('hidden-word');
    server.refusal = undefined;
    await recovery(storage);
  });

  it('works without an index that MongoDB refuses to make, and says what follows', async () => {
    server.refusal = { code: 13, codeName: 'Unauthorized', command: 'createIndexes' };
    const storage = await open(`mongodb://127.0.0.1:${server.port}`);
    await storage.set(NAME, 'a', MINUTE_MS);
    while (lines.of('store_sweep_failed').length === 0) await systemClock.sleep(5);
    await storage.set(NAME, 'b', MINUTE_MS);
    expect(await storage.get(NAME)).to.equal('b');
    expect(lines.of('store_sweep_failed')).to.have.length(1);
    expect(lines.of('store_sweep_failed')[0]).to.include({ level: WARN, reason: 'Unauthorized' });
    expect(server.indexes).to.be.empty;
  });
});
