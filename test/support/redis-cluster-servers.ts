/** A real Redis Cluster on free ports: three primaries, and replicas of the first ones. */
import { askRedis, type RedisServer, startRedisServer, untilRedis } from './redis-server.ts';
import { freePort } from './site-process.ts';

const PRIMARIES = 3;
const SLOTS = 16_384;
const HANDSHAKE_MS = 3000;

export interface RedisClusterServers {
  /** Of the primaries, which the URI of the cluster names. */
  readonly uri: string;
  readonly primaries: readonly RedisServer[];
  readonly replicas: readonly RedisServer[];
  /** Waits until each of them takes the cluster for sound. */
  sound(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedisCluster({
  replicas: wanted = 0,
  argsOf = async () => [],
}: {
  readonly replicas?: number;
  /** For each server. */
  readonly argsOf?: () => Promise<readonly string[]>;
} = {}): Promise<RedisClusterServers> {
  const startNode = async () => {
    const busPort = await freePort();
    const server = await startRedisServer([
      ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort)],
      ...['--cluster-node-timeout', '1000', '--repl-diskless-sync-delay', '0', ...(await argsOf())],
    ]);
    return { server, busPort };
  };
  const nodes = await Promise.all(Array.from({ length: PRIMARIES + wanted }, () => startNode()));
  const servers = nodes.map(({ server }) => server);
  const [primaries, replicas] = [servers.slice(0, PRIMARIES), servers.slice(PRIMARIES)];
  const [first] = servers;
  if (!first) throw new Error('no servers');
  primaries.forEach((server, i) => {
    const [from, to] = [i, i + 1].map((n) => Math.floor((n * SLOTS) / PRIMARIES));
    askRedis(server, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(Number(to) - 1));
  });
  servers.forEach((server, i) => {
    askRedis(server, 'CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
  });
  let metAt = Number.NEGATIVE_INFINITY;
  // On a busy machine a handshake may take longer than the nodes' timeout, and then they forget it.
  const meet = () => {
    if (performance.now() - metAt < HANDSHAKE_MS) return;
    metAt = performance.now();
    for (const { server, busPort } of nodes.slice(1)) {
      askRedis(first, 'CLUSTER', 'MEET', '127.0.0.1', String(server.port), String(busPort));
    }
  };
  const knowsAll = (text: string) =>
    text.trim().split('\n').length === servers.length && !/handshake|noaddr/.test(text);
  for (const server of servers) {
    await untilRedis(server, ['CLUSTER', 'NODES'], (text) => {
      if (!knowsAll(text)) meet();
      return knowsAll(text);
    });
  }
  for (const [i, replica] of replicas.entries()) {
    const id = askRedis(primaries[i % PRIMARIES] ?? first, 'CLUSTER', 'MYID');
    askRedis(replica, 'CLUSTER', 'REPLICATE', id);
    await untilRedis(replica, ['INFO', 'replication'], (text) => {
      return text.includes('master_link_status:up');
    });
  }
  const sound = async () => {
    for (const server of servers) {
      await untilRedis(server, ['CLUSTER', 'INFO'], (text) => text.includes('cluster_state:ok'));
    }
  };
  await sound();
  return {
    uri: `redis-cluster://${primaries.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    primaries,
    replicas,
    sound,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}
