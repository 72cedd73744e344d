/** Opens the store that a URI names. */
import { Misconfigured } from '../errors.ts';
import type { Log } from '../log.ts';
import { KeyvStorage } from './keyv-storage.ts';
import { MemoryBackend } from './memory-backend.ts';
import { RedisBackend } from './redis-backend.ts';
import { SqliteBackend } from './sqlite-backend.ts';
import type { Storage } from './storage.ts';

/**
 * A store for `memory:`, `sqlite:<file>`, `redis://…` or `rediss://…`. A Redis that is down does not
 * fail this: operations fail until it is back.
 *
 * @throws {Misconfigured} the scheme is not known, or the SQLite file cannot be used.
 */
export async function openStorage(
  uri: string,
  { log, now }: { log: Log; now: () => number },
): Promise<Storage> {
  const scheme = /^([a-z]+):/.exec(uri)?.[1];
  switch (scheme) {
    case 'memory':
      return new KeyvStorage(new MemoryBackend({ now }), log);
    case 'sqlite': {
      const file = uri.replace(/^sqlite:(\/\/)?/, '');
      return new KeyvStorage(new SqliteBackend({ file, now, log }), log);
    }
    case 'redis':
    case 'rediss':
      return new KeyvStorage(await RedisBackend.connect(uri, log), log);
    default:
      throw new Misconfigured(
        'TokenCache:Store has another scheme than memory:, sqlite:<file>, redis:// or rediss://.',
      );
  }
}
