/** `replace` on a store that has none: right among all callers of one process, and plain about the rest. */
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { Unavailable } from '../../src/errors.ts';
import type { Failure } from '../../src/storage/backend.ts';
import { KeyvStorage } from '../../src/storage/keyv-storage.ts';
import {
  type PlainStore,
  SingleInstanceBackend,
} from '../../src/storage/single-instance-backend.ts';
import { caught, caughtAfter } from '../support/caught.ts';
import { countUp } from '../support/count-up.ts';
import { ERROR, type LogLines, logLines, WARN } from '../support/log-lines.ts';
import { expectAllFail, recovery } from '../support/store-outage.ts';

const NAME = 'test:{1}:session';
const HOUR_MS = 3_600_000;

/** Answers after a moment, in which others are served; may fail, or fall silent, at a request. */
class SlowStore implements PlainStore {
  readonly label = 'slow://';
  readonly caveat = 'It is slow.';
  readonly records = new Map<string, string>();
  readonly asked: string[] = [];
  /** What becomes of requests of each kind; `undefined` for silence. */
  readonly answers = new Map<string, Error | undefined>();
  failure: Failure = { reason: 'broken', outcome: 'unknown', state: 'down' };
  renewals = 0;
  delayMs = 1;

  async get(name: string): Promise<string | undefined> {
    await this.#answer('get', name);
    return this.records.get(name);
  }

  async set(name: string, value: string, ttlMs: number): Promise<void> {
    await this.#answer('set', name, ttlMs);
    this.records.set(name, value);
  }

  async delete(name: string): Promise<boolean> {
    await this.#answer('delete', name);
    return this.records.delete(name);
  }

  async *names(prefix: string): AsyncIterable<string> {
    for (const name of [...this.records.keys()]) if (name.startsWith(prefix)) yield name;
  }

  renew(): void {
    this.renewals += 1;
  }

  explain(): Failure {
    return this.failure;
  }

  close(): void {}

  async #answer(kind: string, name: string, ttlMs?: number): Promise<void> {
    this.asked.push([kind, name, ttlMs].filter((part) => part !== undefined).join(' '));
    await systemClock.sleep(this.delayMs);
    if (!this.answers.has(kind)) return;
    const error = this.answers.get(kind);
    if (error) throw error;
    await Promise.withResolvers<void>().promise;
  }
}

describe('SingleInstanceBackend', () => {
  let nowMs: number;
  let store: SlowStore;
  let lines: LogLines;
  let backend: SingleInstanceBackend;
  let storage: KeyvStorage;

  beforeEach(() => {
    nowMs = 1000;
    store = new SlowStore();
    lines = logLines();
    backend = new SingleInstanceBackend({ store, now: () => nowMs, log: lines.log, limitMs: 250 });
    storage = new KeyvStorage(backend, { log: lines.log, instanceName: 'test' });
  });
  afterEach(() => storage.close());

  it('says at the start that it serves one instance, and what else is to be known', () => {
    const [line, ...more] = lines.of('store_serves_one_instance');
    expect(line).to.include({ level: WARN, store: 'slow://' });
    expect(line?.['msg']).to.match(/^run one instance of this site only: .* It is slow\.$/);
    expect(more).to.be.empty;
    expect(storage.shared).to.equal(false);
  });

  describe('among the callers of one process', () => {
    it('lets one of two takers win', async () => {
      await storage.set(NAME, 'once', HOUR_MS);
      const takers = Array.from({ length: 2 }, () => storage.replace(NAME, 'once', undefined, 1));
      expect((await Promise.all(takers)).sort()).to.deep.equal(['conflict', 'replaced']);
    });

    it('lets one of two add what is absent', async () => {
      const adders = ['a', 'b'].map((next) => storage.replace(NAME, undefined, next, HOUR_MS));
      expect((await Promise.all(adders)).sort()).to.deep.equal(['conflict', 'replaced']);
    });

    it('loses no update', async () => {
      await Promise.all(Array.from({ length: 10 }, () => countUp(storage, NAME)));
      expect(await storage.get(NAME)).to.equal('10');
    });

    for (const [what, write, left] of [
      ['a set', () => storage.set(NAME, 'set', HOUR_MS), 'set'],
      ['a deletion', () => storage.delete(NAME), undefined],
    ] as const) {
      it(`puts ${what} before or after a replace, never in its middle`, async () => {
        await storage.set(NAME, 'a', HOUR_MS);
        const replaced = storage.replace(NAME, 'a', 'b', HOUR_MS);
        const written = write();
        expect(await replaced).to.equal('replaced');
        await written;
        expect(await storage.get(NAME)).to.equal(left);
      });
    }

    it('serves other names meanwhile', async () => {
      store.answers.set('delete', undefined);
      const deletion = caught(storage.delete(NAME));
      await storage.set('test:{2}:session', 'a', HOUR_MS);
      expect(await storage.get('test:{2}:session')).to.equal('a');
      await deletion;
    });
  });

  describe('the time to live', () => {
    it('is kept to the millisecond, whatever the store makes of it', async () => {
      await storage.set(NAME, 'a', 250);
      nowMs += 249;
      expect(await storage.get(NAME)).to.equal('a');
      nowMs += 1;
      expect(await storage.get(NAME)).to.equal(undefined);
      expect(store.records.size, 'a read deletes nothing').to.equal(1);
    });

    it('is told to the store', async () => {
      await storage.set(NAME, 'a', 250);
      await storage.replace(NAME, 'a', 'b', 90 * 24 * HOUR_MS);
      expect(store.asked.filter((line) => line.startsWith('set'))).to.deep.equal([
        `set ${NAME} 250`,
        `set ${NAME} ${90 * 24 * HOUR_MS}`,
      ]);
    });
  });

  it('takes what is not of its making for absent', async () => {
    for (const foreign of ['', 'a', ':a', '12', 'x12:a', '-5:a']) {
      store.records.set(NAME, foreign);
      expect(await storage.get(NAME), foreign).to.equal(undefined);
    }
    expect(await storage.replace(NAME, undefined, 'a', HOUR_MS)).to.equal('replaced');
  });

  it('deletes nothing when nothing is expected and nothing wanted', async () => {
    expect(await storage.replace(NAME, undefined, undefined, 1)).to.equal('replaced');
    expect(store.asked.some((line) => line.startsWith('delete'))).to.equal(false);
  });

  it('erases what is of its instance', async () => {
    await storage.set('test:{1}:a', 'a', HOUR_MS);
    await storage.set('other:{1}:a', 'a', HOUR_MS);
    expect(await storage.erase()).to.equal(1);
    expect([...store.records.keys()]).to.deep.equal(['other:{1}:a']);
  });

  describe('when the store fails', () => {
    const broken = new Error('secret bytes of the request');

    it('knows that a replace was not done if it was not read', async () => {
      store.answers.set('get', broken);
      const error = await caught(storage.replace(NAME, undefined, 'a', HOUR_MS));
      expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'not-done' });
    });

    it('does not know what became of a write', async () => {
      store.records.set(NAME, '9999999999999:a');
      for (const [kind, work] of [
        ['set', () => storage.replace(NAME, 'a', 'b', HOUR_MS)],
        ['delete', () => storage.replace(NAME, 'a', undefined, HOUR_MS)],
        ['set', () => storage.set(NAME, 'b', HOUR_MS)],
      ] as const) {
        store.answers.set(kind, broken);
        const error = await caught(work());
        expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
        store.answers.clear();
        await recovery(storage);
      }
      expect(lines.text()).not.to.include('secret bytes');
    });

    it('finds that a replace was done whose answer was lost', async () => {
      store.answers.set('set', broken);
      const replaced = storage.replace(NAME, undefined, 'a', HOUR_MS);
      while (!store.asked.includes(`set ${NAME} ${HOUR_MS}`)) await systemClock.sleep(1);
      store.records.set(NAME, `${nowMs + HOUR_MS}:a`);
      expect(await replaced).to.equal('replaced');
    });

    it('goes on asking after a refusal, which is no outage', async () => {
      store.failure = { reason: 'full', outcome: 'not-done', state: 'full' };
      store.answers.set('set', broken);
      await caught(storage.set(NAME, 'a', HOUR_MS));
      expect(lines.of('store_failed')[0]).to.include({ level: ERROR, reason: 'full' });
      expect(await storage.get(NAME)).to.equal(undefined);
      expect(store.renewals).to.equal(0);
    });

    it('does not pass a fault of this code off as an outage', async () => {
      store.answers.set('get', new TypeError('not a function'));
      expect(await caught(storage.get(NAME))).to.be.instanceOf(TypeError);
      expect(await caught(storage.replace(NAME, 'a', 'b', 1))).to.be.instanceOf(TypeError);
      store.answers.clear();
      await storage.get(NAME);
    });
  });

  describe('when the store is silent', () => {
    it('fails in time, then at once and without asking, and works once it answers', async () => {
      for (const kind of ['get', 'set', 'delete']) store.answers.set(kind, undefined);
      await expectAllFail(storage);
      expect(lines.of('store_failed').map(({ reason }) => reason)).to.deep.equal(['no answer']);
      const count = store.asked.filter((line) => line.includes(NAME)).length;
      await expectAllFail(storage, 400);
      expect(store.asked.filter((line) => line.includes(NAME))).to.have.length(count);
      expect(store.renewals).to.be.above(0);
      store.answers.clear();
      await recovery(storage);
      expect(lines.of('store_failed')).to.have.length(1);
      expect(lines.of('store_restored')).to.have.length(1);
    });

    it('lets those who wait for their turn wait no longer', async () => {
      store.answers.set('get', undefined);
      const waiting = Array.from({ length: 5 }, () =>
        caughtAfter(() => storage.replace(NAME, undefined, 'a', HOUR_MS)),
      );
      for (const { error, tookMs } of await Promise.all(waiting)) {
        expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'not-done' });
        expect(tookMs).to.be.below(1000);
      }
    });

    it('counts the time that was waited for a turn', async () => {
      store.delayMs = 100;
      const line = Array.from({ length: 8 }, () =>
        storage.delete(NAME).catch((error: unknown) => error),
      );
      const begun = performance.now();
      const [first, ...others] = await Promise.all(line);
      expect(performance.now() - begun).to.be.below(700);
      expect(first).to.equal(undefined);
      expect(others.at(-1)).to.be.instanceOf(Unavailable).and.include({ outcome: 'not-done' });
    });

    it('does not write what it gave up on while it was read', async () => {
      const late = Promise.withResolvers<undefined>();
      store.get = () => late.promise;
      await caught(storage.replace(NAME, undefined, 'a', HOUR_MS));
      late.resolve(undefined);
      await systemClock.sleep(10);
      expect(store.asked.some((line) => line.startsWith('set'))).to.equal(false);
    });

    it('asks it no more once it is closed', async () => {
      store.answers.set('get', undefined);
      await caught(storage.get(NAME));
      await storage.close();
      await systemClock.sleep(100);
      const { length } = store.asked;
      await systemClock.sleep(400);
      expect(store.asked).to.have.length(length);
    });
  });
});
