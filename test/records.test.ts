/** Sealed records: what counts as absent, what is left alone, and what a change must find. */
import { expect } from 'chai';
import { z } from 'zod';
import { KeyRing } from '../src/encryption.ts';
import { Unavailable } from '../src/errors.ts';
import { Records } from '../src/records.ts';
import { openStorage } from '../src/storage/open-storage.ts';
import type { Storage } from '../src/storage/storage.ts';
import { caught } from './support/caught.ts';
import { ERROR, type LogLines, logLines, WARN } from './support/log-lines.ts';

const NAME = 'test:{0a}:session';
const MINUTE_MS = 60_000;
const schema = z.object({ word: z.string() });
const [oldKey, newKey] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];

describe('Records', () => {
  let nowMs: number;
  /** What the store's own clock says; the site's may differ. */
  let storeMs: number;
  let lines: LogLines;
  let storage: Storage;
  let records: Records<z.output<typeof schema>>;
  const keyRing = new KeyRing({ encryptionKeys: [oldKey] });
  const recordsWith = (...encryptionKeys: Buffer[]) => {
    const ring = new KeyRing({ encryptionKeys });
    return new Records({ storage, keyRing: ring, schema, now: () => nowMs, log: lines.log });
  };
  const keep = async (word = 'a') => {
    const kept = await records.replace(NAME, undefined, { word }, nowMs + MINUTE_MS);
    if (!kept) throw new Error('not kept');
    return kept;
  };

  beforeEach(async () => {
    nowMs = Date.now();
    storeMs = nowMs;
    lines = logLines();
    storage = await openStorage('memory:', { log: lines.log, now: () => storeMs });
    records = recordsWith(oldKey);
  });
  afterEach(() => storage.close());

  it('gives a value back with the bytes it is kept as', async () => {
    expect(await records.read(NAME)).to.equal(undefined);
    const kept = await keep('many greetings, Grüße');
    expect(kept.value).to.deep.equal({ word: 'many greetings, Grüße' });
    expect(await records.read(NAME)).to.deep.equal(kept);
    expect(await storage.get(NAME)).to.equal(kept.bytes);
    expect(kept.bytes).not.to.include('greetings');
  });

  it('are opened once for as long as their bytes stay the same', async () => {
    const opened: string[] = [];
    const counting = Object.assign(new KeyRing({ encryptionKeys: [oldKey] }), {
      open: (name: string, sealed: string) => {
        opened.push(sealed);
        return keyRing.open(name, sealed);
      },
    });
    const options = { storage, keyRing: counting, schema, now: () => nowMs, log: lines.log };
    const remembering = new Records({ ...options, maxOpen: 2 });
    const first = await keep('first');
    for (let i = 0; i < 3; i += 1)
      expect((await remembering.read(NAME))?.value.word).to.equal('first');
    await records.replace(NAME, first, { word: 'second' }, nowMs + MINUTE_MS);
    for (let i = 0; i < 3; i += 1)
      expect((await remembering.read(NAME))?.value.word).to.equal('second');
    expect(opened).to.have.length(2);
    await storage.set('test:{0b}:session', first.bytes, MINUTE_MS);
    expect(await remembering.read('test:{0b}:session'), 'moved').to.equal(undefined);
    nowMs += MINUTE_MS;
    expect(await remembering.read(NAME), 'past its time').to.equal(undefined);
    await storage.delete(NAME);
    expect(await remembering.read(NAME)).to.equal(undefined);
    const forgetful = new Records(options);
    nowMs -= MINUTE_MS;
    await keep('third');
    opened.length = 0;
    for (let i = 0; i < 3; i += 1) await forgetful.read(NAME);
    expect(opened).to.have.length(3);
  });

  it('cannot be changed by one who was given them, for the others', async () => {
    await keep();
    const kept = await records.read(NAME);
    expect(() => Object.assign(kept?.value ?? {}, { word: 'mine' })).to.throw(TypeError);
  });

  it('are erased whether or not they can be read', async () => {
    await storage.set(NAME, '1.00000000.sealed-elsewhere', MINUTE_MS);
    await records.erase(NAME);
    expect(await storage.get(NAME)).to.equal(undefined);
  });

  describe('replace', () => {
    it('changes the record that was read, once', async () => {
      const kept = await keep();
      const next = await records.replace(NAME, kept, { word: 'b' }, nowMs + MINUTE_MS);
      expect(next?.value).to.deep.equal({ word: 'b' });
      expect(await records.replace(NAME, kept, { word: 'c' }, nowMs + MINUTE_MS)).to.equal(
        undefined,
      );
      expect((await records.read(NAME))?.value).to.deep.equal({ word: 'b' });
    });

    it('sees that a record was written again with the same value', async () => {
      const kept = await keep();
      await records.replace(NAME, kept, kept.value, nowMs + MINUTE_MS);
      expect(await records.replace(NAME, kept, { word: 'c' }, nowMs + MINUTE_MS)).to.equal(
        undefined,
      );
    });

    it('does not bring back what was taken away', async () => {
      const kept = await keep();
      await records.remove(NAME, kept);
      expect(await records.replace(NAME, kept, { word: 'b' }, nowMs + MINUTE_MS)).to.equal(
        undefined,
      );
      expect(await records.read(NAME)).to.equal(undefined);
    });

    it('expects none: does not bury one that is there', async () => {
      await keep();
      expect(await records.replace(NAME, undefined, { word: 'b' }, nowMs + MINUTE_MS)).to.equal(
        undefined,
      );
      expect((await records.read(NAME))?.value).to.deep.equal({ word: 'a' });
    });
  });

  describe('remove', () => {
    it('takes away the record that was read, and is content if it is gone', async () => {
      const kept = await keep();
      expect(await records.remove(NAME, kept)).to.equal(true);
      expect(await records.remove(NAME, kept)).to.equal(true);
      expect(await storage.get(NAME)).to.equal(undefined);
    });

    it('leaves a record that was changed since', async () => {
      const kept = await keep();
      await records.replace(NAME, kept, { word: 'b' }, nowMs + MINUTE_MS);
      expect(await records.remove(NAME, kept)).to.equal(false);
      expect((await records.read(NAME))?.value).to.deep.equal({ word: 'b' });
    });
  });

  describe('a record past its time', () => {
    it('is absent, and deleted by nobody: clocks may differ', async () => {
      const { bytes } = await keep();
      nowMs += MINUTE_MS - 1;
      expect(await records.read(NAME)).not.to.equal(undefined);
      nowMs += 1;
      expect(await records.read(NAME)).to.equal(undefined);
      expect(await storage.get(NAME)).to.equal(bytes);
    });

    it('is kept by the store for ten minutes more, and not longer', async () => {
      const { bytes } = await keep();
      storeMs += 11 * MINUTE_MS - 1;
      expect(await storage.get(NAME)).to.equal(bytes);
      storeMs += 2;
      expect(await storage.get(NAME)).to.equal(undefined);
    });

    it('is overwritten by a new one', async () => {
      await keep('old');
      nowMs += MINUTE_MS;
      expect((await keep('new')).value).to.deep.equal({ word: 'new' });
      expect((await records.read(NAME))?.value).to.deep.equal({ word: 'new' });
    });
  });

  describe('a damaged record', () => {
    const damages: Record<string, () => Promise<string>> = {
      altered: async () => {
        const { bytes } = await keep();
        return bytes.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
      },
      'moved from another name': async () => keyRing.seal('test:{0b}:session', sealedJson()),
      garbage: async () => 'garbage',
    };
    for (const [how, make] of Object.entries(damages)) {
      it(`(${how}) is absent, said in the log, left as it is, and overwritten by a new one`, async () => {
        const bytes = await make();
        await storage.set(NAME, bytes, MINUTE_MS);
        expect(await records.read(NAME)).to.equal(undefined);
        expect(await storage.get(NAME)).to.equal(bytes);
        expect(lines.of('record_damaged').map(({ level }) => level)).to.deep.equal([WARN]);
        await keep('new');
        expect((await records.read(NAME))?.value).to.deep.equal({ word: 'new' });
      });
    }
  });

  describe('a record that cannot be read here', () => {
    const forms: Record<string, [bytes: () => string, event: string]> = {
      'sealed with an unknown key': [
        () => new KeyRing({ encryptionKeys: [newKey] }).seal(NAME, sealedJson()),
        'record_key_unknown',
      ],
      'sealed in a later form': [() => '2.whatever', 'record_key_unknown'],
      'of a later version': [
        () => keyRing.seal(NAME, JSON.stringify({ v: 2, expiresAt: nowMs, value: { word: 'a' } })),
        'record_form_unknown',
      ],
      'of another shape': [
        () => keyRing.seal(NAME, sealedJson({ words: [] })),
        'record_form_unknown',
      ],
      'that is no JSON': [() => keyRing.seal(NAME, 'word'), 'record_form_unknown'],
    };
    it('names the key that is missing, by an id that tells nothing of it', async () => {
      const bytes = new KeyRing({ encryptionKeys: [newKey] }).seal(NAME, sealedJson());
      await storage.set(NAME, bytes, MINUTE_MS);
      await caught(records.read(NAME));
      expect(lines.of('record_key_unknown')[0]).to.include({ keyId: bytes.split('.')[1] });
    });

    for (const [which, [make, event]] of Object.entries(forms)) {
      it(`(${which}) is no reason to sign out: unavailable, alarmed, left as it is`, async () => {
        const bytes = make();
        await storage.set(NAME, bytes, MINUTE_MS);
        expect(await caught(records.read(NAME))).to.be.instanceOf(Unavailable);
        expect(lines.of(event).map(({ level }) => level)).to.deep.equal([ERROR]);
        const next = { word: 'b' };
        expect(await records.replace(NAME, undefined, next, nowMs + MINUTE_MS)).to.equal(undefined);
        expect(await storage.get(NAME)).to.equal(bytes);
      });

      it(`(${which}) is overwritten when that is asked for`, async () => {
        await storage.set(NAME, make(), MINUTE_MS);
        const options = { overwriteUnreadable: true };
        const next = { word: 'b' };
        await records.replace(NAME, undefined, next, nowMs + MINUTE_MS, options);
        expect((await records.read(NAME))?.value).to.deep.equal(next);
      });
    }
  });

  it('are read by old and new instances while a key is rolled out', async () => {
    await keep();
    const rolled = recordsWith(newKey, oldKey);
    const kept = await rolled.read(NAME);
    expect(kept?.value).to.deep.equal({ word: 'a' });
    await rolled.replace(NAME, kept, { word: 'b' }, nowMs + MINUTE_MS);
    expect((await recordsWith(oldKey, newKey).read(NAME))?.value).to.deep.equal({ word: 'b' });
    expect((await recordsWith(newKey).read(NAME))?.value).to.deep.equal({ word: 'b' });
    expect(await caught(records.read(NAME))).to.be.instanceOf(Unavailable);
  });

  it('say nothing of their values in the log', async () => {
    await storage.set(NAME, keyRing.seal(NAME, sealedJson({ words: 'hidden-word' })), MINUTE_MS);
    await caught(records.read(NAME));
    expect(lines.text()).not.to.be.empty.and.not.to.include('hidden-word');
  });

  function sealedJson(value: unknown = { word: 'a' }): string {
    return JSON.stringify({ v: 1, expiresAt: nowMs + MINUTE_MS, value });
  }
});
