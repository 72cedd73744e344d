/** Reads the section `TokenCache`: where tokens are kept, and the keys that seal them. */
import { isLoopback } from '../loopback.ts';
import { REDIS_SCHEMES, readRedisUri, redisUriForm } from '../storage/redis-uri.ts';
import { nearest } from './nearest.ts';
import type { Section } from './section.ts';

export const TOKEN_CACHE_KEYS = [
  'Store',
  'InstanceName',
  'SchemaName',
  'TableName',
  'EncryptionKeys',
  'IndexKey',
] as const;
type TokenCacheKey = (typeof TOKEN_CACHE_KEYS)[number];

export interface TokenCacheSettings {
  readonly store: string;
  readonly instanceName: string;
  readonly schemaName: string | undefined;
  readonly tableName: string | undefined;
  /** `undefined` when absent, which is allowed on loopback. */
  readonly encryptionKeys: readonly Buffer[] | undefined;
  readonly indexKey: Buffer | undefined;
}

/** Databases, whose example names one. */
const DATABASES = ['postgres', 'postgresql', 'mysql'];
/** Those that are one host and port, and the ports they have by custom. */
const HOST_PORTS: ReadonlyMap<string, number> = new Map([
  ['etcd', 2379],
  ['etcds', 2379],
  ['memcached', 11211],
]);
const MONGODB = ['mongodb', 'mongodb+srv'];
const SCHEMES = [
  ...['memory', 'sqlite', ...REDIS_SCHEMES],
  ...[...HOST_PORTS.keys(), ...DATABASES, ...MONGODB],
];
const STORE_EXAMPLES =
  'memory:, sqlite:<file>, redis(s)://<host>:<port>, redis(s)-cluster://<host>:<port>,<host>:<port>, redis(s)-sentinel://<host>:<port>/<name>, postgres://<host>:<port>/<database>, mysql://<host>:<port>/<database>, etcd(s)://<host>:<port>, memcached://<host>:<port> or mongodb://<host>:<port>/<database>';
const KEY_BYTES = 32;
const MAKE_KEY = 'Make one with: openssl rand -base64 32';

export function readTokenCache(
  section: Section<TokenCacheKey>,
  publicUrl: URL | undefined,
): TokenCacheSettings {
  section.refuseUnknownKeys();
  const settings = {
    store: section.text('Store') ?? 'memory:',
    instanceName: section.text('InstanceName') ?? 'concierge',
    schemaName: section.text('SchemaName'),
    tableName: section.text('TableName'),
    encryptionKeys: readKeys(section, 'EncryptionKeys'),
    indexKey: readKeys(section, 'IndexKey')?.[0],
  };
  checkStore(section, settings.store);
  checkTable(section, settings);
  if (!/^[A-Za-z0-9._:-]{1,64}$/.test(settings.instanceName)) {
    const fix = 'Use up to 64 letters, digits, ".", "_", ":" and "-".';
    section.fault('InstanceName', 'is not fit for the beginning of a name', fix);
  }
  if (publicUrl && !isLoopback(publicUrl)) checkProduction(section, settings.store);
  return settings;
}

function checkProduction(section: Section<TokenCacheKey>, store: string): void {
  for (const key of ['EncryptionKeys', 'IndexKey'] as const) {
    if (section.has(key)) continue;
    section.fault(key, 'is missing, which is accepted on loopback only', `${MAKE_KEY}.`);
  }
  if (/^memory:/.test(store)) {
    const problem = 'is memory: everyone is signed out when this process ends';
    section.warn('Store', problem, 'Set it to a store that lasts, such as redis://….');
  }
}

function readKeys(
  section: Section<TokenCacheKey>,
  key: 'EncryptionKeys' | 'IndexKey',
): readonly Buffer[] | undefined {
  if (!section.has(key)) return undefined;
  const words = section.words(key);
  if (words?.length === 0) section.fault(key, 'holds an empty text', `${MAKE_KEY}.`);
  return words && decodeKeys(section, key, words);
}

function decodeKeys(
  section: Section<TokenCacheKey>,
  key: 'EncryptionKeys' | 'IndexKey',
  words: readonly string[],
): readonly Buffer[] {
  if (key === 'IndexKey' && words.length > 1) {
    section.fault(key, 'holds more than one key', 'Keep the one that names your records.');
  }
  const keys = words.map((word) => Buffer.from(word, 'base64'));
  words.forEach((word, i) => {
    const path = section.pathOf(key) + (words.length > 1 ? `:${i}` : '');
    const { length } = keys[i] ?? Buffer.alloc(0);
    if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(word)) {
      section.report.fault(path, 'is not base64', `${MAKE_KEY}.`);
    } else if (length !== KEY_BYTES) {
      section.report.fault(path, `is ${length} bytes long, not ${KEY_BYTES}`, `${MAKE_KEY}.`);
    }
  });
  if (new Set(keys.map(String)).size < keys.length) {
    section.fault(key, 'holds the same key twice', 'Keep one of them.');
  }
  return keys;
}

/** No message holds the URI: a password may be in it. */
function checkStore(section: Section<TokenCacheKey>, store: string): void {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(store)?.[1];
  if (scheme === undefined || !SCHEMES.includes(scheme)) {
    const near = nearest(scheme ?? store.slice(0, 10), SCHEMES);
    const fix = near ? `Did you mean ${near}:?` : `Write ${STORE_EXAMPLES}.`;
    section.fault('Store', `has a scheme that is none of ${SCHEMES.join(', ')}`, fix);
  } else if (scheme === 'memory' && !/^memory:(\/\/)?$/.test(store)) {
    section.fault('Store', 'says more than "memory:"', 'Write "memory:" alone.');
  } else if (scheme === 'sqlite' && !/[^/]/.test(store.slice('sqlite:'.length))) {
    section.fault('Store', 'names no file', 'Write it like sqlite:concierge.sqlite.');
  } else if (REDIS_SCHEMES.includes(scheme) && !readRedisUri(store)) {
    const fix = `Write it like ${redisUriForm(scheme)}, percent-encoded.`;
    section.fault('Store', 'names no host, or more than fits its scheme', fix);
  } else if (HOST_PORTS.has(scheme) && !URL.parse(store)?.hostname) {
    const fix = `Write it like ${scheme}://127.0.0.1:${HOST_PORTS.get(scheme)}.`;
    section.fault('Store', 'names no host', fix);
  } else if (DATABASES.includes(scheme) && !URL.parse(store)?.hostname) {
    const fix = `Write it like ${scheme}://<user>:<password>@<host>:<port>/<database>, percent-encoded.`;
    section.fault('Store', 'names no host', fix);
  } else if (
    MONGODB.includes(scheme) &&
    !/^[^/?]/.test(store.replace(/^[^:]+:(\/\/(.*@)?)?/s, ''))
  ) {
    const fix = `Write it like ${scheme}://<user>:<password>@<host>/<database>, percent-encoded.`;
    section.fault('Store', 'names no host', fix);
  }
}

/** Names that every database takes as they are, and that leave room for the name of an index. */
function checkTable(section: Section<TokenCacheKey>, settings: TokenCacheSettings): void {
  const hasTable = DATABASES.includes(/^[a-z]+/.exec(settings.store)?.[0] ?? '');
  for (const [key, name] of [
    ['SchemaName', settings.schemaName],
    ['TableName', settings.tableName],
  ] as const) {
    if (section.has(key) && !hasTable) {
      section.fault(key, 'is set, and the store has no tables', 'Delete it.');
    } else if (name !== undefined && !/^[A-Za-z_][A-Za-z0-9_]{0,47}$/.test(name)) {
      const fix = 'Use up to 48 letters, digits and "_"; the first is no digit.';
      section.fault(key, 'is no plain name', fix);
    }
  }
}
