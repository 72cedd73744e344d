/** The store in an SQLite file: its table, its locks, its sweep. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { Unavailable } from '../../src/errors.ts';
import { KeyvStorage } from '../../src/storage/keyv-storage.ts';
import { SqliteBackend } from '../../src/storage/sqlite-backend.ts';
import { caught, caughtAfter } from '../support/caught.ts';
import { type LogLines, logLines, WARN } from '../support/log-lines.ts';
import { aFolder } from '../support/site-process.ts';

const HOUR_MS = 3_600_000;
const NAME = 'test:{1}:session';

describe('SqliteBackend', () => {
  let nowMs: number;
  let file: string;
  let lines: LogLines;
  let backend: SqliteBackend;
  let storage: KeyvStorage;
  /** The file as another program sees it. */
  let database: DatabaseSync;

  beforeEach(() => {
    nowMs = Date.now();
    lines = logLines();
    file = join(aFolder(), 'a.sqlite');
    backend = new SqliteBackend({ file, now: () => nowMs, log: lines.log });
    storage = new KeyvStorage(backend, { log: lines.log, instanceName: 'test' });
    database = new DatabaseSync(file);
  });
  afterEach(async () => {
    database.close();
    await storage.close();
  });

  const rows = () => database.prepare('SELECT name, value, expires_at FROM records').all();

  it('keeps a name, the exact value and its expiry, and no more', async () => {
    await storage.set(NAME, 'sealed', HOUR_MS);
    expect(rows().map((row) => ({ ...row }))).to.deep.equal([
      { name: NAME, value: 'sealed', expires_at: nowMs + HOUR_MS },
    ]);
  });

  it('writes ahead to a log, so that readers and a writer do not wait for each other', () => {
    expect({ ...database.prepare('PRAGMA journal_mode').get() }).to.deep.equal({
      journal_mode: 'wal',
    });
  });

  it('makes files that its own user alone can read', async () => {
    await storage.set(NAME, 'sealed', HOUR_MS);
    const folder = dirname(file);
    const names = readdirSync(folder).sort();
    expect(names).to.deep.equal(['a.sqlite', 'a.sqlite-shm', 'a.sqlite-wal']);
    for (const name of names) {
      expect((statSync(join(folder, name)).mode & 0o777).toString(8), name).to.equal('600');
    }
  });

  it('leaves the mode of a file that is there as its owner set it', async () => {
    chmodSync(file, 0o640);
    new SqliteBackend({ file, now: () => nowMs, log: lines.log }).close();
    expect((statSync(file).mode & 0o777).toString(8)).to.equal('640');
  });

  it('sweeps what has expired, and nothing else', async () => {
    await storage.set(NAME, 'short', HOUR_MS);
    await storage.set('test:{2}:session', 'long', 3 * HOUR_MS);
    nowMs += 2 * HOUR_MS;
    backend.sweep();
    expect(rows()).to.have.length(1);
    expect(await storage.get('test:{2}:session')).to.equal('long');
  });

  it('fails within 1.5 s while another program holds the file, writes nothing, and recovers', async () => {
    await storage.set(NAME, 'a', HOUR_MS);
    database.exec('BEGIN IMMEDIATE');
    const { error, tookMs } = await caughtAfter(() => storage.replace(NAME, 'a', 'b', HOUR_MS));
    expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'not-done' });
    expect(tookMs).to.be.below(1500);
    expect(await storage.get(NAME)).to.equal('a');
    database.exec('ROLLBACK');
    expect(await storage.replace(NAME, 'a', 'b', HOUR_MS)).to.equal('replaced');
    expect(lines.of('store_failed')).to.have.length(1);
  });

  it('lets this process go on while another program holds the file', async () => {
    await storage.set(NAME, 'a', HOUR_MS);
    database.exec('BEGIN IMMEDIATE');
    let last = performance.now();
    let longestMs = 0;
    const ticking = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - last);
      last = performance.now();
    }, 1);
    const writes = Array.from({ length: 50 }, () => caught(storage.set(NAME, 'b', HOUR_MS)));
    writes.push(caught(storage.ping()), caught(storage.delete(NAME)));
    for (const error of await Promise.all(writes)) expect(error).to.be.instanceOf(Unavailable);
    clearInterval(ticking);
    database.exec('ROLLBACK');
    expect(longestMs).to.be.below(250);
  });

  it('waits for a file that is free again in time', async () => {
    await storage.set(NAME, 'a', HOUR_MS);
    database.exec('BEGIN IMMEDIATE');
    const replaced = storage.replace(NAME, 'a', 'b', HOUR_MS);
    await systemClock.sleep(20);
    database.exec('ROLLBACK');
    expect(await replaced).to.equal('replaced');
    expect(lines.of('store_failed')).to.be.empty;
  });

  it('tells a file that takes no writes, and a full one, from one that is away', async () => {
    const failing = (errcode: number) => Object.assign(new Error('refused'), { errcode });
    const states = [8, 13, 5, 10, 8 + 256].map((code) => backend.explain(failing(code)).state);
    expect(states).to.deep.equal(['readonly', 'full', 'down', 'down', 'readonly']);
  });

  it('survives a sweep that fails', async () => {
    database.exec('BEGIN IMMEDIATE');
    backend.sweep();
    while (lines.of('store_sweep_failed').length === 0) await systemClock.sleep(20);
    database.exec('ROLLBACK');
    expect(lines.of('store_sweep_failed').map(({ level }) => level)).to.deep.equal([WARN]);
  });

  it('is made once by processes that start together on a new file', async () => {
    const fresh = join(aFolder(), 'b.sqlite');
    const args = ['test/support/storage-process.ts', `sqlite:${fresh}`, NAME, '1'];
    const ends = Array.from({ length: 4 }, () =>
      once(spawn(process.execPath, args, { stdio: 'inherit' }), 'close'),
    );
    expect(await Promise.all(ends)).to.deep.equal(Array(4).fill([0, null]));
    const other = new DatabaseSync(fresh);
    expect(other.prepare('SELECT value FROM records').get()?.['value']).to.equal('4');
    other.close();
  });
});
