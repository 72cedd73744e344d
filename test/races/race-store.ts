/** The stores that processes race on: real servers that keep what they acknowledged when they are killed. */
import { startPostgresServer } from '../support/postgres-server.ts';
import { startRedisServer } from '../support/redis-server.ts';

export const storeKinds = ['redis', 'postgres'] as const;
export type StoreKind = (typeof storeKinds)[number];

export interface RaceStore {
  readonly uri: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

/** @throws {Error} the server is not installed. */
export async function startRaceStore(kind: StoreKind): Promise<RaceStore> {
  if (kind === 'postgres') return await startPostgresServer();
  return await startRedisServer(['--appendonly', 'yes', '--appendfsync', 'always']);
}
