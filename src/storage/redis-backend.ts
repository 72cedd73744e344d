/** `redis://` and `rediss://` – a store that any number of instances share; its outages are loud and fast. */
import KeyvRedis, { createClient } from '@keyv/redis';
import type { Log } from '../log.ts';
import type { Backend } from './backend.ts';
import type { Replaced } from './storage.ts';

/** One key, so that it runs in a Redis Cluster too; '' stands for "absent", which no record is. */
const REPLACE = `
local current = redis.call('GET', KEYS[1]) or ''
if current ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) return 1 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

const CONNECT_MS = 500;
/** With the ping below it, what ends a connection to a Redis that takes requests and never answers. */
const SILENCE_MS = 1000;
const PING_MS = 300;

type Client = ReturnType<typeof createRedisClient>;

/**
 * A client that never queues: while it is not connected every operation fails at once, and it goes
 * on connecting in the background.
 */
function createRedisClient(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    pingInterval: PING_MS,
    socket: {
      connectTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 10), 1000),
    },
  });
}

export class RedisBackend implements Backend {
  readonly adapter: KeyvRedis<string>;
  readonly label: string;
  readonly shared = true;
  readonly #client: Client;

  private constructor(client: Client, label: string) {
    this.#client = client;
    this.label = label;
    this.adapter = new KeyvRedis<string>(client, {
      throwOnConnectError: true,
      throwOnErrors: true,
      connectionTimeout: SILENCE_MS,
    });
  }

  /** A backend that is connected, or goes on connecting. */
  static async connect(uri: string, log: Log): Promise<RedisBackend> {
    const { protocol, host, pathname } = new URL(uri);
    const label = `${protocol}//${host}${pathname}`;
    const client = createRedisClient(uri);
    let said = '';
    client.on('error', (error: unknown) => {
      const message = error instanceof Error ? error.message : 'unknown';
      const refused = /^(WRONGPASS|NOAUTH|NOPERM)/.test(message);
      // Said once for each kind of failure until it is connected again, not at every attempt.
      if (message !== said) {
        log[refused ? 'error' : 'warn'](
          { event: 'redis_error', store: label, reason: message },
          'Redis',
        );
      }
      said = message;
    });
    client.on('ready', () => {
      said = '';
      log.info({ event: 'redis_ready', store: label }, 'connected to Redis');
    });
    const connected = client.connect().catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, SILENCE_MS);
    });
    await Promise.race([connected, late]);
    clearTimeout(timer);
    return new RedisBackend(client, label);
  }

  async replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<Replaced> {
    const options = {
      keys: [name],
      arguments: [expected ?? '', next ?? '', String(Math.ceil(ttlMs))],
    };
    const replaced = await this.#client.eval(REPLACE, options);
    return replaced === 1 ? 'replaced' : 'conflict';
  }

  ping(): Promise<unknown> {
    return this.#client.ping();
  }

  close(): void {
    this.#client.destroy();
  }
}
