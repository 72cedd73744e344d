/** Signs a digest with an RSA key, as a vault does: what is signed is hashed by the caller. */
import { constants, createHash, type KeyObject, privateEncrypt, randomBytes } from 'node:crypto';

const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

/** What goes before a SHA-256 digest (RFC 8017 §9.2). */
const digestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/** The mask of RFC 8017 §B.2.1. */
function mask(seed: Buffer, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, counter) => {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    return sha256(seed, number);
  });
  return Buffer.concat(blocks).subarray(0, length);
}

/** The encoding of RFC 8017 §9.1.1 with a salt of 32 bytes. */
function encodePss(digest: Buffer, modulusBits: number): Buffer {
  const length = Math.ceil((modulusBits - 1) / 8);
  const salt = randomBytes(32);
  const hash = sha256(Buffer.alloc(8), digest, salt);
  const block = Buffer.concat([Buffer.alloc(length - 66), Buffer.from([1]), salt]);
  const masking = mask(hash, block.length);
  const masked = block.map((byte, index) => byte ^ (masking[index] ?? 0));
  // A number as long as the modulus, but smaller.
  masked[0] = (masked[0] ?? 0) & (0xff >> (8 * length - (modulusBits - 1)));
  return Buffer.concat([masked, hash, Buffer.from([0xbc])]);
}

/** @throws {RangeError} another algorithm, or no SHA-256 digest. */
export function signDigest(algorithm: string, digest: Buffer, key: KeyObject): Buffer {
  if (digest.length !== 32) throw new RangeError('Invalid length of value: 32 bytes are expected');
  if (algorithm === 'RS256') {
    const padding = constants.RSA_PKCS1_PADDING;
    return privateEncrypt({ key, padding }, Buffer.concat([digestInfo, digest]));
  }
  if (algorithm === 'PS256') {
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encodePss(digest, bits));
  }
  throw new RangeError(`The algorithm ${algorithm} does not fit the key`);
}
