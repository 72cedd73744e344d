/** Sealing: what a copy of the store shows, and what happens to bytes that were moved or altered. */
import { createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { expect } from 'chai';
import { KeyRing } from '../src/encryption.ts';

const NAME = 'test:{0a}:account';
const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const ring = (...encryptionKeys: Buffer[]) => new KeyRing({ encryptionKeys });

describe('KeyRing', () => {
  it('opens what it sealed, of any length and script', () => {
    for (const text of ['', 'a', 'Grüße 🔑\u0000\n', 'x'.repeat(100_000)]) {
      const sealed = ring(first).seal(NAME, text);
      expect(ring(first).open(NAME, sealed)).to.deep.equal({ status: 'open', plaintext: text });
    }
  });

  it('takes what it sealed in a form it does not know for a later version’s', () => {
    // Only a holder of the key can seal this: a zero byte, and then nothing that was compressed.
    const sealed = ring(first).seal(NAME, '\u0000 not compressed');
    expect(ring(first).open(NAME, sealed)).to.deep.equal({ status: 'unknown-key' });
  });

  it('shows nothing of the text or the key, and never the same bytes twice', () => {
    const text = 'a-refresh-token of uid.utid';
    const keys = ring(first);
    const sealed = Array.from({ length: 100 }, () => keys.seal(NAME, text));
    expect(new Set(sealed)).to.have.property('size', 100);
    for (const one of sealed) {
      expect(one).to.match(/^1\.[0-9a-f]{8}\.[A-Za-z0-9_-]+$/);
      const bytes = Buffer.from(one.split('.')[2] ?? '', 'base64url');
      expect(bytes).to.have.length(12 + text.length + 16);
      for (const secret of [Buffer.from('refresh'), Buffer.from('utid'), first.subarray(0, 8)]) {
        expect(bytes.includes(secret)).to.equal(false);
        expect(Buffer.from(one).includes(secret)).to.equal(false);
      }
    }
    const plainHash = createHash('sha256').update(first).digest('hex');
    expect(plainHash.startsWith(sealed[0]?.split('.')[1] ?? '')).to.equal(false);
  });

  it('seals under a key that is derived for the one name, bound to version, key id and name', () => {
    const sealed = ring(first).seal(NAME, 'text');
    const [version, keyId, body = ''] = sealed.split('.');
    const bytes = Buffer.from(body, 'base64url');
    const key = Buffer.from(hkdfSync('sha256', first, 'concierge record', NAME, 32));
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from(`${version}.${keyId}.${NAME}`));
    decipher.setAuthTag(bytes.subarray(-16));
    const text = [decipher.update(bytes.subarray(12, -16)), decipher.final()];
    expect(Buffer.concat(text).toString()).to.equal('text');
  });

  it('refuses a record that was moved to another name', () => {
    const sealed = ring(first).seal(NAME, 'a');
    for (const name of ['test:{0b}:account', 'test:{0a}:session', NAME.toUpperCase(), '']) {
      expect(ring(first).open(name, sealed).status, name).to.equal('damaged');
    }
  });

  it('refuses a record of which any character was altered, added or taken away', () => {
    const sealed = ring(first).seal(NAME, 'twelve bytes');
    const bodyAt = sealed.lastIndexOf('.') + 1;
    for (let i = bodyAt; i < sealed.length; i += 1) {
      const other = sealed[i] === 'A' ? 'B' : 'A';
      const altered = [
        `${sealed.slice(0, i)}${other}${sealed.slice(i + 1)}`,
        `${sealed.slice(0, i)}${sealed.slice(i + 1)}`,
        `${sealed.slice(0, i)}\n${sealed.slice(i)}`,
      ];
      for (const one of altered) {
        expect(ring(first).open(NAME, one).status, `${i}: ${one}`).to.equal('damaged');
      }
    }
    for (const more of ['=', '.', '.a', ' ', '\n', 'A']) {
      expect(ring(first).open(NAME, sealed + more).status, more).to.equal('damaged');
    }
  });

  it('refuses another spelling of the same bytes', () => {
    // 28 + 3 bytes leave unused bits in the last character.
    const sealed = ring(first).seal(NAME, 'abc');
    const bytes = Buffer.from(sealed.split('.')[2] ?? '', 'base64url');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twins = [...alphabet]
      .map((last) => `${sealed.slice(0, -1)}${last}`)
      .filter((one) => Buffer.from(one.split('.')[2] ?? '', 'base64url').equals(bytes))
      .filter((one) => one !== sealed);
    expect(twins).not.to.be.empty;
    for (const twin of twins) expect(ring(first).open(NAME, twin).status).to.equal('damaged');
  });

  it('refuses what is no sealed record at all', () => {
    for (const garbage of ['', 'garbage', '{"a":1}', '1', '1.', '1..', '0.12345678.AAAA', '..']) {
      expect(ring(first).open(NAME, garbage).status, garbage).to.equal('damaged');
    }
    const keyId = ring(first).seal(NAME, '').split('.')[1];
    expect(ring(first).open(NAME, `1.${keyId}.AAAA`).status).to.equal('damaged');
  });

  it('tells a key it does not have, and a later form, from damage', () => {
    const sealed = ring(second).seal(NAME, 'a');
    const keyId = sealed.split('.')[1];
    expect(ring(first).open(NAME, sealed)).to.deep.equal({ status: 'unknown-key', keyId });
    for (const later of ['2.anything', '10.12345678.AAAA', '2.12345678.AAAA']) {
      expect(ring(first).open(NAME, later), later).to.deep.equal({ status: 'unknown-key' });
    }
  });

  it('refuses a record whose key id was changed to another key of the ring', () => {
    const [one, other] = [ring(first).seal(NAME, 'a'), ring(second).seal(NAME, 'a')];
    const changed = one.replace(/^1\.[0-9a-f]+/, other.slice(0, 10));
    expect(ring(first, second).open(NAME, changed).status).to.equal('damaged');
  });

  it('seals with the first key and opens with all, through every step of a roll-out', () => {
    const steps = [ring(first), ring(first, second), ring(second, first), ring(second)];
    const opens = (by: KeyRing | undefined, sealer: KeyRing | undefined) =>
      by?.open(NAME, sealer?.seal(NAME, 'a') ?? '').status;
    for (let i = 0; i + 1 < steps.length; i += 1) {
      expect(opens(steps[i], steps[i + 1]), `before step ${i + 1} reads after`).to.equal('open');
      expect(opens(steps[i + 1], steps[i]), `after step ${i + 1} reads before`).to.equal('open');
    }
    expect(opens(steps[3], steps[1]), 'dropped too early').to.equal('unknown-key');
  });

  it('refuses a ring with no key, a short key, or one key twice', () => {
    for (const keys of [
      [],
      [Buffer.alloc(31)],
      [first, Buffer.alloc(64)],
      [first, second, first],
    ]) {
      expect(() => ring(...keys)).to.throw(RangeError);
    }
  });
});
