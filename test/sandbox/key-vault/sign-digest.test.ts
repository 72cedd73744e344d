/** Signatures over digests, held against Node's own verification. */
import { constants, createHash, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { expect } from 'chai';
import { signDigest } from '../../../scripts/sandbox/key-vault/sign-digest.ts';

describe('signDigest', () => {
  for (const modulusLength of [2048, 2049, 3072]) {
    it(`makes PS256 and RS256 signatures that verify, with a key of ${modulusLength} bits`, () => {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
      const data = randomBytes(100);
      const digest = createHash('sha256').update(data).digest();
      for (let time = 0; time < 20; time += 1) {
        const pss = signDigest('PS256', digest, privateKey);
        const key = {
          key: publicKey,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        };
        expect(verify('sha256', data, key, pss)).to.equal(true);
        expect(verify('sha256', randomBytes(100), key, pss)).to.equal(false);
      }
      const plain = signDigest('RS256', digest, privateKey);
      expect(verify('sha256', data, publicKey, plain)).to.equal(true);
    });
  }

  it('refuses what is no digest and what it cannot do', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(() => signDigest('PS256', Buffer.alloc(31), privateKey)).to.throw(RangeError, '32');
    expect(() => signDigest('ES256', Buffer.alloc(32), privateKey)).to.throw(RangeError, 'ES256');
  });
});
