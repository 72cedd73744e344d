/** The key ring: each key seals, and the ring as configured opens what it sealed. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LOCAL_KEYS_FILE } from '../../src/config/local-keys.ts';
import { KeyRing } from '../../src/encryption.ts';
import { type Check, isFaulty, skipped } from './check.ts';

const KEY = 'TokenCache:EncryptionKeys';

export const checkKeyRing: Check = {
  name: 'key ring',
  run: async ({ examined, directory }) => {
    const { settings, sections } = examined;
    const given = sections?.tokenCache.encryptionKeys;
    const encryptionKeys = given ?? settings?.tokenCache.encryptionKeys;
    if (!encryptionKeys?.length || isFaulty(examined, KEY)) {
      return skipped(`${KEY} is absent or faulty.`);
    }
    if (!given && !existsSync(join(directory, LOCAL_KEYS_FILE))) {
      return skipped(`${KEY} is absent: the site makes ${LOCAL_KEYS_FILE} when it starts.`);
    }
    const ring = new KeyRing({ encryptionKeys });
    const name = `doctor ${randomUUID()}`;
    const ids = encryptionKeys.map((key) => sealAndOpen(ring, key, name));
    const broken = ids.indexOf(undefined);
    if (broken >= 0) {
      const seen = `What ${KEY}:${broken} seals does not open again.`;
      return [{ result: 'failed', seen, mend: { text: 'Make another key: npm run new-key.' } }];
    }
    const [first, ...others] = ids;
    const count = `${ids.length} ${ids.length === 1 ? 'key' : 'keys'}${given ? '' : ' of this machine'}`;
    const opening = others.length > 0 ? `; ${others.join(', ')} open, too` : '';
    const seen = `${count}: ${first} seals and opens${opening}. All instances must show the same; the store cannot be asked which keys its records need.`;
    return [{ result: 'ok', seen }];
  },
};

/** The key's id, which tells nothing of it; `undefined` if what it seals does not open. */
function sealAndOpen(ring: KeyRing, key: Buffer, name: string): string | undefined {
  const plaintext = randomUUID();
  const sealed = new KeyRing({ encryptionKeys: [key] }).seal(name, plaintext);
  const opened = ring.open(name, sealed);
  const isSame = opened.status === 'open' && opened.plaintext === plaintext;
  return isSame ? sealed.split('.')[1] : undefined;
}
