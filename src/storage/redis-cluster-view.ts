/** What a server of a Redis Cluster says of it: who has which slot. */
import type { RedisClient } from './redis-client.ts';
import { NotConnected, replyCode } from './redis-failure.ts';
import { SLOTS } from './redis-slot.ts';

export interface ClusterView {
  /** The primary of each slot, as `<host>:<port>`; `undefined` where there is none. */
  readonly primaries: readonly (string | undefined)[];
  /** Whether it takes part in a majority; what one says that is cut off is old. */
  readonly isSound: boolean;
}

/**
 * `host` is where the client is connected: a server may not know its own address.
 *
 * @throws {NotConnected} the server is in no Cluster.
 */
export async function readClusterView(client: RedisClient, host: string): Promise<ClusterView> {
  const asked = [client.clusterSlots(), isSound(client)] as const;
  const [ranges, sound] = await Promise.all(asked).catch((error: unknown) => {
    throw replyCode(error) === 'ERR' ? new NotConnected('the server is in no Cluster') : error;
  });
  const primaries: (string | undefined)[] = Array(SLOTS).fill(undefined);
  for (const { from, to, master } of ranges) {
    primaries.fill(addressOf(master.host, master.port, host), from, to + 1);
  }
  return { primaries, isSound: sound };
}

async function isSound(client: RedisClient): Promise<boolean> {
  try {
    return /^cluster_state:ok\r?$/m.test(await client.clusterInfo());
  } catch (error) {
    // A user without the right to ask believes each server.
    if (replyCode(error) !== 'NOPERM') throw error;
    return true;
  }
}

/**
 * The first sound view, or else any.
 *
 * @throws the failure of the first, if there is none.
 */
export async function firstSound(views: readonly Promise<ClusterView>[]): Promise<ClusterView> {
  const sound = views.map(async (view) => {
    if ((await view).isSound) return await view;
    throw new NotConnected('the Cluster is down');
  });
  try {
    return await Promise.any(sound);
  } catch {
    // The promises tell why themselves.
    const [first = Promise.reject(new NotConnected('no server'))] = views;
    return await Promise.any(views).catch(() => first);
  }
}

/** Where a server sends us on to, after it did nothing. */
export interface Redirection {
  /** `MOVED` for good; `ASK` for this request. */
  readonly code: 'MOVED' | 'ASK';
  readonly host: string;
}

/** `host` is where the server is that said so. */
export function readRedirection(error: unknown, host: string): Redirection | undefined {
  const message = error instanceof Error ? error.message : '';
  const [, code, name = '', port] = /^(MOVED|ASK) \d+ (.*):(\d+)$/.exec(message) ?? [];
  if (code !== 'MOVED' && code !== 'ASK') return undefined;
  return { code, host: addressOf(name, Number(port), host) };
}

function addressOf(name: string | null, port: number, from: string): string {
  // "?" stands for a name that the server was not given.
  if (!name || name === '?') return `${from.replace(/:\d+$/, '')}:${port}`;
  return `${name.includes(':') ? `[${name}]` : name}:${port}`;
}
