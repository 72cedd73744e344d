/** Opens the store that a URI names. */
import { Misconfigured } from '../errors.ts';
import type { Log } from '../log.ts';
import { EtcdBackend } from './etcd-backend.ts';
import { KeyvStorage } from './keyv-storage.ts';
import { MemcachedStore } from './memcached-store.ts';
import { MemoryBackend } from './memory-backend.ts';
import { MongoStore } from './mongo-store.ts';
import { openMysql } from './mysql-backend.ts';
import { openPostgres } from './postgres-backend.ts';
import { RedisBackend } from './redis-backend.ts';
import { REDIS_SCHEMES } from './redis-uri.ts';
import { type PlainStore, SingleInstanceBackend } from './single-instance-backend.ts';
import type { TableName } from './sql-table.ts';
import { SqliteBackend } from './sqlite-backend.ts';
import type { Storage } from './storage.ts';

interface StorageOptions extends TableName {
  readonly log: Log;
  readonly now: () => number;
  readonly instanceName?: string;
}

/**
 * A store for `memory:`, `sqlite:<file>`, `redis://…` and its kin, `postgres://…`, `mysql://…`,
 * `etcd://…`, `memcached://…` or `mongodb://…`. A server that is down does not fail this: operations
 * fail until it is back.
 *
 * Its pings are writes under a name of this instance.
 *
 * @throws {Misconfigured} the scheme is not known, the URI or the SQLite file cannot be used, or a
 *   package that this store needs is not installed.
 */
export async function openStorage(
  uri: string,
  { log, now, instanceName = 'concierge', schemaName, tableName }: StorageOptions,
): Promise<Storage> {
  const scheme = /^([a-z]+(?:\+srv|-[a-z]+)?):/.exec(uri)?.[1];
  const options = { log, instanceName };
  const inTable = { log, random: Math.random, schemaName, tableName };
  const forOneInstance = (store: PlainStore) =>
    new KeyvStorage(new SingleInstanceBackend({ store, now, log }), options);
  if (scheme !== undefined && REDIS_SCHEMES.includes(scheme)) {
    return new KeyvStorage(await RedisBackend.connect(uri, log), options);
  }
  switch (scheme) {
    case 'memory':
      return new KeyvStorage(new MemoryBackend({ now }), options);
    case 'sqlite': {
      const file = uri.replace(/^sqlite:(\/\/)?/, '');
      return new KeyvStorage(new SqliteBackend({ file, now, log }), options);
    }
    case 'postgres':
    case 'postgresql':
      return new KeyvStorage(await openPostgres(uri, inTable), options);
    case 'mysql':
      return new KeyvStorage(await openMysql(uri, inTable), options);
    case 'etcd':
    case 'etcds':
      return new KeyvStorage(await EtcdBackend.open(uri), options);
    case 'memcached':
      return forOneInstance(await MemcachedStore.open(uri, now));
    case 'mongodb':
    case 'mongodb+srv':
      return forOneInstance(await MongoStore.open(uri, { now, log }));
    default:
      throw new Misconfigured(
        'TokenCache:Store has a scheme that names no store, as memory:, sqlite: and redis: do.',
      );
  }
}
