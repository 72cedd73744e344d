/** Which URIs name a store, and what is said of the others. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Misconfigured } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { caught } from '../support/caught.ts';
import { aFolder } from '../support/site-process.ts';

const open = (uri: string) => openStorage(uri, { log: createLog('silent'), now: Date.now });

describe('openStorage', () => {
  it('opens memory, which one process has for itself', async () => {
    const storage = await open('memory:');
    expect(storage).to.include({ label: 'memory:', shared: false });
    await storage.close();
  });

  it('opens an SQLite file relative to the working directory, and makes its folder', async () => {
    const file = relative(process.cwd(), join(aFolder(), 'not', 'yet', 'a.sqlite'));
    for (const uri of [`sqlite:${file}`, `sqlite://${file}`]) {
      const storage = await open(uri);
      expect(storage).to.include({ label: `sqlite:${file}`, shared: true });
      await storage.set('test:{1}:session', 'kept', 60_000);
      await storage.close();
      const again = await open(uri);
      expect(await again.get('test:{1}:session')).to.equal('kept');
      await again.close();
    }
  });

  it('refuses what names no store, and repeats nothing of it', async () => {
    const faulty = [
      'oracle://user:hidden-word@host/',
      'REDIS',
      '',
      'hidden-word',
      'sqlite:',
      'sqlite://',
      'redis:',
      'redis://user:hidden-word@',
      'redis://user:hidden-word@host:port/0',
      'redis://user:hidden-word@host/notes',
      'redis://user:hidden-word%zz@host',
      'rediss://user:hidden-word@ho st/0',
    ];
    for (const uri of faulty) {
      const error = await caught(open(uri));
      expect(error, uri).to.be.instanceOf(Misconfigured);
      expect(inspect(error, { depth: 10 }), uri).not.to.include('hidden-word');
    }
  });

  it('refuses an SQLite file that cannot be used, and says why', async () => {
    const folder = aFolder();
    const locked = new DatabaseSync(join(folder, 'locked.sqlite'));
    locked.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE a (b)');
    mkdirSync(join(folder, 'folder.sqlite'));
    writeFileSync(join(folder, 'text.sqlite'), 'this is no database, '.repeat(100));
    for (const [name, why] of [
      ['folder.sqlite', 'it is a folder'],
      ['text.sqlite', 'it is damaged, or is no SQLite database'],
      ['text.sqlite/below.sqlite', 'a part of its path is no folder'],
      ['locked.sqlite', 'another program holds it locked'],
    ] as const) {
      const error = await caught(open(`sqlite:${join(folder, name)}`));
      expect(error, name).to.be.instanceOf(Misconfigured);
      expect(error).to.have.property('message').that.includes(`${name} cannot be used: ${why}.`);
    }
    locked.close();
  });
});
