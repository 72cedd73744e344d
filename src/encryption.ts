/** Sealing: everything kept in the store is encrypted, and bound to the name it is kept under. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { pack, unpack } from './packing.ts';

/**
 * What opening gives: a key that is not in the ring, or a later form, is told apart from bytes that
 * were altered or moved.
 */
export type Opened =
  | { readonly status: 'open'; readonly plaintext: string }
  /** Without `keyId` for a later form. */
  | { readonly status: 'unknown-key'; readonly keyId?: string }
  | { readonly status: 'damaged' };

const VERSION = '1';
/** Version, key id and `nonce ‖ ciphertext ‖ tag` in base64url. */
const SEALED = /^1\.([0-9a-f]{8})\.([A-Za-z0-9_-]+)$/;
const LATER_VERSION = /^([2-9]|[1-9]\d+)\./;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A ring of 32-byte keys: the first seals, all open.
 *
 * AES-256-GCM under a key derived (HKDF, RFC 5869) from the ring key and the record's name, with
 * version, key id and name as associated data: a record moved to another name does not open.
 */
export class KeyRing {
  readonly #keys = new Map<string, KeyObject>();
  readonly #first: string;

  /** @throws {RangeError} no keys, a key of another length, or one key twice. */
  constructor({ encryptionKeys }: { encryptionKeys: readonly Buffer[] }) {
    for (const bytes of encryptionKeys) {
      if (bytes.length !== 32) throw new RangeError('An encryption key has 32 bytes.');
      const id = keyIdOf(bytes);
      if (this.#keys.has(id)) throw new RangeError('An encryption key is in the ring twice.');
      this.#keys.set(id, createSecretKey(bytes));
    }
    const [first] = this.#keys.keys();
    if (first === undefined) throw new RangeError('The ring has no encryption key.');
    this.#first = first;
  }

  /** A text that opens under this name only; different each time. */
  seal(name: string, plaintext: string): string {
    const keyId = this.#first;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#recordKey(keyId, name), nonce);
    cipher.setAAD(associatedData(keyId, name));
    const sealed = [nonce, cipher.update(pack(plaintext)), cipher.final(), cipher.getAuthTag()];
    return `${VERSION}.${keyId}.${Buffer.concat(sealed).toString('base64url')}`;
  }

  open(name: string, sealed: string): Opened {
    if (LATER_VERSION.test(sealed)) return { status: 'unknown-key' };
    const [, keyId, body] = SEALED.exec(sealed) ?? [];
    if (keyId === undefined || body === undefined) return { status: 'damaged' };
    if (!this.#keys.has(keyId)) return { status: 'unknown-key', keyId };
    const bytes = Buffer.from(body, 'base64url');
    // Of the spellings that decode to the same bytes only our own is good.
    const isOurs = bytes.toString('base64url') === body;
    if (!isOurs || bytes.length < NONCE_BYTES + TAG_BYTES) return { status: 'damaged' };
    const key = this.#recordKey(keyId, name);
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(associatedData(keyId, name));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    let packed: Buffer;
    try {
      const plain = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()];
      packed = Buffer.concat(plain);
    } catch {
      // The tag does not fit: altered, or sealed for another name.
      return { status: 'damaged' };
    }
    try {
      return { status: 'open', plaintext: unpack(packed) };
    } catch {
      // Sealed with our key, in a form that is not ours: a later version's.
      return { status: 'unknown-key' };
    }
  }

  #recordKey(keyId: string, name: string): KeyObject {
    const ringKey = this.#keys.get(keyId);
    if (!ringKey) throw new RangeError('The key is not in the ring.');
    const bytes = new Uint8Array(hkdfSync('sha256', ringKey, 'concierge record', name, 32));
    // As a key object it is used in half the time.
    return createSecretKey(bytes);
  }
}

/** Tells keys apart and tells nothing of them. */
function keyIdOf(key: Buffer): string {
  return createHash('sha256').update('concierge key id').update(key).digest('hex').slice(0, 8);
}

function associatedData(keyId: string, name: string): Buffer {
  return Buffer.from(`${VERSION}.${keyId}.${name}`, 'utf8');
}
