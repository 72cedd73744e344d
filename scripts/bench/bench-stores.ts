/** The stores of a bench: real servers and files of its own, one population of accounts in each. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { createClient } from '@keyv/redis';
import { Client } from 'pg';
import { startPostgresServer } from '../../test/support/postgres-server.ts';
import { startRedisServer } from '../../test/support/redis-server.ts';
import { accountsAtRandom } from './bench-accounts.ts';
import { benchNames, openBenchStorage } from './bench-broker.ts';

export type StoreName = 'memory' | 'sqlite' | 'redis' | 'postgres';
export const STORE_NAMES: readonly StoreName[] = ['memory', 'sqlite', 'redis', 'postgres'];

export interface BenchStore {
  /** Its version, for a reader who measures again. */
  readonly label: string;
  /** The URI of a population's own place; made, and empty. */
  place(index: number): Promise<string>;
  /** Bytes an account takes with all that the store adds; absent where it cannot be told. */
  bytesPerAccount?(uri: string, accounts: number): Promise<number>;
  close(): Promise<void>;
}

/** @throws {Error} its server is not installed. */
export async function openBenchStore(name: StoreName): Promise<BenchStore> {
  switch (name) {
    case 'memory':
      return memoryStore();
    case 'sqlite':
      return sqliteStore();
    case 'redis':
      return await redisStore();
    case 'postgres':
      return await postgresStore();
  }
}

function memoryStore(): BenchStore {
  return {
    label: 'memory of the process',
    place: () => Promise.resolve('memory:'),
    close: () => Promise.resolve(),
  };
}

function sqliteStore(): BenchStore {
  const folder = mkdtempSync(join(tmpdir(), 'concierge-bench-'));
  return {
    label: `SQLite ${process.versions['sqlite']}`,
    place: (index) => withTables(`sqlite:${join(folder, `${index}.sqlite`)}`),
    bytesPerAccount: async (uri, accounts) => {
      const file = uri.slice('sqlite:'.length);
      const database = new DatabaseSync(file);
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      database.close();
      return statSync(file).size / accounts;
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** How many records are looked at for what a record takes. */
const SAMPLE = 200;

async function redisStore(): Promise<BenchStore> {
  const server = await startRedisServer(['--databases', '64']);
  const version = await withRedis(
    server.uri,
    async (client) => /redis_version:(\S+)/.exec(await client.info('server'))?.[1],
  );
  return {
    label: `Redis ${version}`,
    place: (index) => Promise.resolve(`${server.uri}/${index}`),
    bytesPerAccount: (uri, accounts) =>
      withRedis(uri, async (client) => {
        const names = accountsAtRandom(SAMPLE, accounts).map(({ id }) =>
          benchNames.forAccount(id, 'account'),
        );
        const sizes = await Promise.all(names.map((name) => client.memoryUsage(name)));
        return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) / sizes.length;
      }),
    close: () => server.stop(),
  };
}

type RedisClient = ReturnType<typeof createClient>;

async function withRedis<T>(url: string, work: (client: RedisClient) => Promise<T>): Promise<T> {
  const client: RedisClient = createClient({ url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** As a small server of a site has it, and nothing that a bulk load would wait for. */
const POSTGRES_SETTINGS = [
  ...['shared_buffers=512MB', 'max_wal_size=32GB', 'checkpoint_timeout=1h', 'autovacuum=off'],
  ...['wal_level=minimal', 'max_wal_senders=0', 'full_page_writes=off'],
];

async function postgresStore(): Promise<BenchStore> {
  const server = await startPostgresServer(POSTGRES_SETTINGS);
  return {
    label: `PostgreSQL ${server.sql('SHOW server_version').split(' ')[0]}`,
    place: async (index) => {
      server.sql(`CREATE DATABASE bench_${index}`);
      return await withTables(server.uri.replace(/[^/]*$/, `bench_${index}`));
    },
    bytesPerAccount: async (uri, accounts) => {
      const client = new Client(uri);
      await client.connect();
      // What a database does by itself in quiet hours.
      await client.query('VACUUM (ANALYZE, PROCESS_TOAST FALSE) concierge_records');
      const size = "SELECT pg_total_relation_size('concierge_records')::float8 AS bytes";
      const { rows } = await client.query<{ bytes: number }>(size);
      await client.end();
      return (rows[0]?.bytes ?? Number.NaN) / accounts;
    },
    close: () => server.stop(),
  };
}

/** A store makes its tables when it is first written to. */
async function withTables(uri: string): Promise<string> {
  const storage = await openBenchStorage(uri);
  await storage.ping();
  await storage.close();
  return uri;
}
