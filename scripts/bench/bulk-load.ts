/** Writes many records into a store at once, past the store's own one-by-one door. */
import { DatabaseSync } from 'node:sqlite';
import { createClient } from '@keyv/redis';
import { Client } from 'pg';
import type { SealedRecord } from './seal-accounts.ts';

export interface BulkLoad {
  write(records: readonly SealedRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** Waited for the other loader's transaction. */
const BUSY_MS = 60_000;

/** For a store that has been opened, and so has its table, before. */
export async function openBulkLoad(uri: string): Promise<BulkLoad> {
  if (uri.startsWith('redis:')) return await redisLoad(uri);
  if (uri.startsWith('sqlite:')) return sqliteLoad(uri.slice('sqlite:'.length));
  if (uri.startsWith('postgres:')) return await postgresLoad(uri);
  throw new Error(`no bulk load for ${uri}`);
}

async function redisLoad(url: string): Promise<BulkLoad> {
  const client = createClient({ url });
  await client.connect();
  return {
    // Commands that are not waited for one by one travel together.
    write: async (records) => {
      await Promise.all(
        records.map(({ name, bytes, ttlMs }) =>
          client.set(name, bytes, { expiration: { type: 'PX', value: ttlMs } }),
        ),
      );
    },
    close: () => client.close(),
  };
}

function sqliteLoad(file: string): BulkLoad {
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  database.exec('PRAGMA synchronous = OFF');
  const insert = database.prepare('INSERT INTO records (name, value, expires_at) VALUES (?, ?, ?)');
  return {
    write: async (records) => {
      database.exec('BEGIN IMMEDIATE');
      for (const { name, bytes, ttlMs } of records) {
        insert.run(name, bytes, Math.ceil(Date.now() + ttlMs));
      }
      database.exec('COMMIT');
    },
    close: async () => database.close(),
  };
}

async function postgresLoad(uri: string): Promise<BulkLoad> {
  const client = new Client(uri);
  await client.connect();
  return {
    write: async (records) => {
      const columns = [
        records.map(({ name }) => name),
        records.map(({ bytes }) => bytes),
        records.map(({ ttlMs }) => ttlMs),
      ];
      await client.query(
        `INSERT INTO concierge_records (name, value, expires_at)
         SELECT name, convert_to(value, 'UTF8'), now() + ttl * interval '1 millisecond'
         FROM unnest($1::text[], $2::text[], $3::float8[]) AS given (name, value, ttl)`,
        columns,
      );
    },
    close: () => client.end(),
  };
}
