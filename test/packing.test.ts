/** Packing: what is long gets shorter, and comes out as it went in. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { pack, unpack } from '../src/packing.ts';

describe('Packing', () => {
  it('gives back what it was given, short or long, in any script', () => {
    const long = 'Grüße 🔑 '.repeat(500);
    for (const text of ['', '{}', 'a'.repeat(1023), 'a'.repeat(1024), long]) {
      expect(unpack(pack(text))).to.equal(text);
    }
  });

  it('makes tokens shorter than base64 makes their bytes longer', () => {
    const tokens = JSON.stringify(
      [1500, 1000, 900].map((n) => randomBytes(n).toString('base64url')),
    );
    expect(pack(tokens).length).to.be.below(0.8 * tokens.length);
  });

  it('leaves short texts as they are', () => {
    expect(pack('{"word":"a"}').toString()).to.equal('{"word":"a"}');
  });

  it('refuses what it did not make', () => {
    expect(() => unpack(Buffer.from([0, 1, 2, 3]))).to.throw();
  });
});
