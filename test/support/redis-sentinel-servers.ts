/** A real Redis primary and its replica on free ports, watched by Sentinels, with or without TLS. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Certificates, makeCertificates } from './certificates.ts';
import { askRedis, type RedisServer, startRedisServer, untilRedis } from './redis-server.ts';
import { aFolder, freePort } from './site-process.ts';

export const PRIMARY_NAME = 'concierge-primary';

export interface RedisSentinelServers {
  readonly uri: string;
  /** The one that led first, and the other. */
  readonly servers: readonly [RedisServer, RedisServer];
  readonly sentinels: readonly RedisServer[];
  /** The certificate authority, if they speak TLS. */
  readonly caFile: string | undefined;
  /** The one that leads now, as the first Sentinel says. */
  leader(): RedisServer;
  /** Starts one that led before, as a Sentinel would have it after ten seconds. */
  rejoin(server: RedisServer): Promise<void>;
  /** Waits until one leads, the other follows, and the Sentinels know. */
  sound(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedisSentinels({
  sentinels: count = 1,
  secure = false,
}: {
  readonly sentinels?: number;
  readonly secure?: boolean;
} = {}): Promise<RedisSentinelServers> {
  // For a name only: servers and Sentinels tell of each other by address.
  const certificates = secure ? makeCertificates('DNS:localhost') : undefined;
  // In a file, so that who leads whom outlives a restart: Sentinels have it rewritten.
  const primary = await startServer(certificates, '');
  const replica = await startServer(certificates, `replicaof 127.0.0.1 ${primary.address}\n`);
  const config = [
    `sentinel monitor ${PRIMARY_NAME} 127.0.0.1 ${primary.address} ${Math.floor(count / 2) + 1}`,
    `sentinel down-after-milliseconds ${PRIMARY_NAME} 500`,
    `sentinel failover-timeout ${PRIMARY_NAME} 1000`,
  ].join('\n');
  const watching = await Promise.all(
    Array.from({ length: count }, () => startServer(certificates, `${config}\n`, ['--sentinel'])),
  );
  const sentinels = watching.map(({ server }) => server);
  const [first] = sentinels;
  if (!first) throw new Error('no Sentinel');
  const leading = () => {
    const [, address] = askRedis(first, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', PRIMARY_NAME).split(
      '\n',
    );
    return address === primary.address ? primary : replica;
  };
  const sound = async () => {
    const follower = leading() === primary ? replica : primary;
    await untilRedis(follower.server, ['INFO', 'replication'], (text) =>
      text.includes('master_link_status:up'),
    );
    for (const sentinel of sentinels) {
      await untilRedis(sentinel, ['SENTINEL', 'REPLICAS', PRIMARY_NAME], (text) =>
        /(^|\n)flags\nslave\n/.test(text),
      );
      await untilRedis(sentinel, ['SENTINEL', 'MASTER', PRIMARY_NAME], (text) => {
        return /\nflags\nmaster\n/.test(text) && text.includes(`\n${count - 1}\nquorum`);
      });
    }
  };
  await sound();
  const scheme = secure ? 'rediss-sentinel' : 'redis-sentinel';
  const hosts = watching.map(({ address }) => `localhost:${address}`).join(',');
  return {
    uri: `${scheme}://${hosts}/${PRIMARY_NAME}`,
    servers: [primary.server, replica.server],
    sentinels,
    caFile: certificates?.caFile,
    leader: () => leading().server,
    rejoin: async (server) => {
      await server.start();
      askRedis(server, 'REPLICAOF', '127.0.0.1', leading().address);
      askRedis(server, 'CONFIG', 'REWRITE');
    },
    sound,
    stop: async () => {
      const all = [primary.server, replica.server, ...sentinels];
      await Promise.all(all.map((server) => server.stop()));
    },
  };
}

/** A server, and the port that others are told of. */
async function startServer(
  certificates: Certificates | undefined,
  config: string,
  args: readonly string[] = [],
): Promise<{ server: RedisServer; address: string }> {
  const common = ['--repl-diskless-sync-delay', '0', ...args];
  if (!certificates) {
    const server = await startRedisServer(common, config);
    return { server, address: String(server.port) };
  }
  const folder = aFolder();
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  writeFileSync(keyFile, certificates.key);
  writeFileSync(certFile, certificates.cert);
  const address = String(await freePort());
  const tls = [
    ...['--tls-port', address, '--tls-replication', 'yes', '--tls-auth-clients', 'no'],
    ...['--tls-key-file', keyFile, '--tls-cert-file', certFile],
    ...['--tls-ca-cert-file', certificates.caFile],
  ];
  return { server: await startRedisServer([...tls, ...common], config), address };
}
