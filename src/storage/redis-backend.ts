/** `redis://`, `redis-cluster://`, `redis-sentinel://` – stores that any number of instances share; outages are loud and fast. */
import { createHash } from 'node:crypto';
import { Misconfigured } from '../errors.ts';
import type { Log } from '../log.ts';
import { atMost } from '../at-most.ts';
import type { Backend, Failure } from './backend.ts';
import { type RedisClient, RedisClients } from './redis-client.ts';
import { RedisCluster } from './redis-cluster.ts';
import { explainRedisFailure, replyCode } from './redis-failure.ts';
import { RedisNode } from './redis-node.ts';
import { assertPrimary, RedisSentinels } from './redis-sentinels.ts';
import type { RedisServers } from './redis-servers.ts';
import { type RedisUri, readRedisUri, redisUriForm } from './redis-uri.ts';
import type { Replaced } from './storage.ts';

/**
 * One key, so that it runs in a Redis Cluster too. An argument begins with "=" before its bytes,
 * and is "-" for "absent".
 */
const REPLACE = `
local current = redis.call('GET', KEYS[1])
if (current and '=' .. current or '-') ~= ARGV[1] then return 0 end
if ARGV[2] == '-' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], string.sub(ARGV[2], 2), 'PX', ARGV[3])
end
return 1`;
const REPLACE_SHA = createHash('sha1').update(REPLACE).digest('hex');

const ERASE_AT_ONCE = 1000;
/** How long its opening waits for a server. */
const OPEN_MS = 1000;

export class RedisBackend implements Backend {
  readonly adapter = this;
  readonly label: string;
  readonly shared = true;
  readonly opts = {};
  readonly #servers: RedisServers;

  private constructor(servers: RedisServers, label: string) {
    this.#servers = servers;
    this.label = label;
  }

  /**
   * A backend that is connected, or goes on connecting.
   *
   * @throws {Misconfigured} the URI names no host, more than its scheme has, or is badly encoded.
   */
  static async connect(uri: string, log: Log): Promise<RedisBackend> {
    const parts = readRedisUri(uri);
    if (!parts) {
      const form = redisUriForm(/^[a-z-]+/.exec(uri)?.[0] ?? 'redis');
      throw new Misconfigured(`TokenCache:Store: write it like ${form}, percent-encoded.`);
    }
    const servers = serversOf(parts, log);
    await atMost(OPEN_MS, servers.open());
    return new RedisBackend(servers, parts.label);
  }

  /** @throws {NotConnected} while it is connecting. */
  assertReady(): void {
    this.#servers.assertReady();
  }

  get(name: string): Promise<string | undefined> {
    return this.#servers.run(name, async (client) => (await client.get(name)) ?? undefined);
  }

  getNear(name: string): Promise<string | undefined> {
    return this.#servers.getNear(name);
  }

  set(name: string, value: string, ttlMs: number): Promise<boolean> {
    return this.#write(name, async (client) => {
      await client.set(name, value, { PX: ttlMs });
      return true;
    });
  }

  delete(name: string): Promise<boolean> {
    return this.#write(name, async (client) => (await client.unlink(name)) > 0);
  }

  async clear(): Promise<void> {
    await this.erase('');
  }

  async replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<Replaced> {
    const call = { keys: [name], arguments: [argument(expected), argument(next), String(ttlMs)] };
    return (await this.#runScript(name, call)) === 1 ? 'replaced' : 'conflict';
  }

  async erase(prefix: string): Promise<number> {
    // An instance's name has no character that a pattern gives a meaning.
    const pattern = { MATCH: `${prefix}*`, COUNT: ERASE_AT_ONCE };
    let count = 0;
    for (const client of this.#servers.clients()) {
      for await (const names of client.scanIterator(pattern)) {
        // One by one: in a Cluster no command may name several slots.
        const deleted = await Promise.all(names.map((name) => this.delete(name)));
        count += deleted.filter(Boolean).length;
      }
    }
    return count;
  }

  explain(error: unknown): Failure {
    // After a failover behind one address this connection may be with the old primary still.
    if (replyCode(error) === 'READONLY') this.#servers.renew();
    return explainRedisFailure(error);
  }

  close(): void {
    this.#servers.close();
  }

  async #runScript(name: string, call: { keys: string[]; arguments: string[] }): Promise<unknown> {
    try {
      return await this.#write(name, (client) => client.evalSha(REPLACE_SHA, call));
    } catch (error) {
      // A server that was started since, or its replica, has not seen the script yet.
      if (replyCode(error) !== 'NOSCRIPT') throw error;
      return await this.#write(name, (client) => client.eval(REPLACE, call));
    }
  }

  /** This process's own next near read sees what was written, whatever became of it. */
  async #write<T>(name: string, work: (client: RedisClient) => Promise<T>): Promise<T> {
    try {
      return await this.#servers.run(name, work);
    } finally {
      this.#servers.forgetNear(name);
    }
  }
}

function serversOf(uri: RedisUri, log: Log): RedisServers {
  const { kind, hosts, hostnames, label } = uri;
  const clients = new RedisClients(hostnames);
  if (kind === 'cluster') return new RedisCluster(uri, clients, log);
  if (kind === 'sentinel') {
    const sentinels = new RedisSentinels(uri, clients);
    const locate = () => sentinels.locate();
    return new RedisNode({ locate, mayMove: true, verify: assertPrimary, clients, label, log });
  }
  const [host = ''] = hosts;
  return new RedisNode({ locate: async () => uri.urlOf(host), clients, label, log });
}

function argument(bytes: string | undefined): string {
  return bytes === undefined ? '-' : `=${bytes}`;
}
