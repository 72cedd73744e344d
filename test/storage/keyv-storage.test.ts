/** The translation of failures, and what is done when an answer is lost. */
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Unavailable } from '../../src/errors.ts';
import type { Failure } from '../../src/storage/backend.ts';
import { KeyvStorage } from '../../src/storage/keyv-storage.ts';
import { MemoryBackend } from '../../src/storage/memory-backend.ts';
import type { Replaced } from '../../src/storage/storage.ts';
import { caught } from '../support/caught.ts';
import { ERROR, type LogLines, logLines, WARN } from '../support/log-lines.ts';

const NAME = 'test:{1}:session';
const HOUR_MS = 3_600_000;

/** A store that loses answers, before or after the work is done, and may then be away for a while. */
class LossyBackend extends MemoryBackend {
  lose: 'nothing' | 'request' | 'answer' = 'nothing';
  failure: Failure = { reason: 'lost', outcome: 'unknown', state: 'down' };
  thrown: Error = new Error('secret bytes of the request');
  /** How many reads fail once a write was lost. */
  awayForReads = 0;
  reads = 0;

  constructor() {
    super({ now: Date.now });
  }

  override get(name: string): string | undefined {
    this.reads += 1;
    if (this.lose !== 'nothing' && this.awayForReads > 0) {
      this.awayForReads -= 1;
      throw this.thrown;
    }
    return super.get(name);
  }

  override set(name: string, value: string, ttlMs?: number): boolean {
    if (this.lose === 'request') throw this.thrown;
    return super.set(name, value, ttlMs);
  }

  override replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Replaced {
    if (this.lose === 'request') throw this.thrown;
    const replaced = this.lose === 'answer' ? this.#always(name, next, ttlMs) : undefined;
    if (replaced) throw this.thrown;
    return super.replace(name, expected, next, ttlMs);
  }

  override explain(): Failure {
    return this.failure;
  }

  #always(name: string, next: string | undefined, ttlMs: number): true {
    if (next === undefined) super.delete(name);
    else super.set(name, next, ttlMs);
    return true;
  }
}

describe('KeyvStorage', () => {
  let backend: LossyBackend;
  let lines: LogLines;
  let storage: KeyvStorage;

  beforeEach(async () => {
    backend = new LossyBackend();
    lines = logLines();
    storage = new KeyvStorage(backend, { log: lines.log, instanceName: 'test' });
    await storage.set(NAME, 'a', HOUR_MS);
  });
  afterEach(() => storage.close());

  it('keeps the text as it is, whatever Keyv would make of it', async () => {
    const kept = JSON.stringify({ value: 'x', expires: 1 });
    await storage.set(NAME, kept, HOUR_MS);
    expect(backend.get(NAME)).to.equal(kept);
    expect(await storage.get(NAME)).to.equal(kept);
    expect(backend.get(NAME), 'deleted by Keyv for its "expires"').to.equal(kept);
  });

  describe('replace, when its answer is lost', () => {
    it('finds that it was done', async () => {
      backend.lose = 'answer';
      expect(await storage.replace(NAME, 'a', 'b', HOUR_MS)).to.equal('replaced');
    });

    it('finds that it was done as soon as the store is back', async () => {
      backend.lose = 'answer';
      backend.awayForReads = 3;
      expect(await storage.replace(NAME, 'a', 'b', HOUR_MS)).to.equal('replaced');
    });

    it('takes a record that is gone for no proof: another may have taken it', async () => {
      backend.lose = 'answer';
      const error = await caught(storage.replace(NAME, 'a', undefined, HOUR_MS));
      expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
    });

    it('says that the outcome is unknown if other bytes are there: it may still arrive', async () => {
      backend.lose = 'request';
      for (const next of ['b', undefined]) {
        const error = await caught(storage.replace(NAME, 'a', next, HOUR_MS));
        expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
      }
    });

    it('says that the outcome is unknown if it cannot be read, and stops asking', async () => {
      backend.lose = 'answer';
      backend.awayForReads = 1000;
      for (const next of ['b', undefined]) {
        const error = await caught(storage.replace(NAME, 'a', next, HOUR_MS));
        expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
      }
      expect(backend.reads).to.be.below(20);
    });

    it('does not look for what was certainly not done', async () => {
      backend.lose = 'request';
      backend.failure = { reason: 'OOM', outcome: 'not-done', state: 'full' };
      const reads = backend.reads;
      const error = await caught(storage.replace(NAME, 'a', 'a', HOUR_MS));
      expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'not-done' });
      expect(backend.reads).to.equal(reads);
    });
  });

  it('says of a set that it may have been done', async () => {
    backend.lose = 'request';
    const error = await caught(storage.set(NAME, 'b', HOUR_MS));
    expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
  });

  it('says of a read that it did nothing', async () => {
    backend.lose = 'request';
    backend.awayForReads = 1;
    const error = await caught(storage.get(NAME));
    expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'not-done' });
  });

  it('logs the reason, and tells nobody what was asked', async () => {
    backend.lose = 'request';
    const error = await caught(storage.set(NAME, 'b', HOUR_MS));
    expect(lines.of('store_failed')).to.have.length(1);
    expect(lines.of('store_failed')[0]).to.include({
      level: WARN,
      reason: 'lost',
      operation: 'set',
    });
    expect(lines.text() + inspect(error, { depth: 10 })).not.to.include('secret bytes');
  });

  it('alarms the operator when the store refuses our credentials', async () => {
    backend.lose = 'request';
    backend.failure = { reason: 'NOAUTH', outcome: 'not-done', state: 'refused' };
    await caught(storage.set(NAME, 'b', HOUR_MS));
    await caught(storage.set(NAME, 'b', HOUR_MS));
    expect(lines.of('store_password_refused').map(({ level }) => level)).to.deep.equal([ERROR]);
  });

  describe('an outage', () => {
    const failures = () => lines.of('store_failed').map(({ level, reason }) => [level, reason]);
    const write = () => storage.set(NAME, 'b', HOUR_MS);

    beforeEach(() => {
      backend.lose = 'request';
    });

    it('is logged once for each reason, however much fails', async () => {
      await caught(write());
      await caught(storage.replace(NAME, 'a', 'b', HOUR_MS));
      backend.failure = { reason: 'OOM', outcome: 'not-done', state: 'full' };
      await caught(write());
      await caught(storage.ping());
      expect(failures()).to.deep.equal([
        [WARN, 'lost'],
        [ERROR, 'OOM'],
      ]);
    });

    it('is not over for what only reads, deletes, or finds a conflict', async () => {
      await caught(write());
      await storage.get(NAME);
      await storage.delete('test:{2}:session');
      backend.lose = 'nothing';
      await storage.replace(NAME, 'other', 'b', HOUR_MS);
      await storage.replace(NAME, 'a', undefined, HOUR_MS);
      backend.lose = 'request';
      await caught(write());
      expect(failures()).to.have.length(1);
      expect(lines.of('store_restored')).to.be.empty;
    });

    for (const [what, work] of Object.entries({
      'a set': () => write(),
      'a replace': () => storage.replace(NAME, 'a', 'b', HOUR_MS),
      'a ping': () => storage.ping(),
    })) {
      it(`is over with ${what}, which is said once, and the next one is logged again`, async () => {
        await caught(write());
        backend.lose = 'nothing';
        await work();
        await write();
        expect(lines.of('store_restored')).to.have.length(1);
        backend.lose = 'request';
        await caught(write());
        expect(failures()).to.have.length(2);
      });
    }
  });

  it('does not pass a fault of this code off as an outage', async () => {
    backend.lose = 'request';
    backend.thrown = new TypeError('not a function');
    expect(await caught(storage.set(NAME, 'b', HOUR_MS))).to.be.instanceOf(TypeError);
    expect(lines.text()).to.equal('');
  });
});
