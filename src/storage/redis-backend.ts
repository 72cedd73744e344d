/** `redis://` and `rediss://` – a store that any number of instances share; its outages are loud and fast. */
import { createHash } from 'node:crypto';
import { Misconfigured } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Backend, Failure } from './backend.ts';
import type { RedisClient } from './redis-connection.ts';
import { explainRedisFailure, replyCode } from './redis-failure.ts';
import { RedisNode } from './redis-node.ts';
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
  readonly #node: RedisNode;

  private constructor(node: RedisNode, label: string) {
    this.#node = node;
    this.label = label;
  }

  /**
   * A backend that is connected, or goes on connecting.
   *
   * @throws {Misconfigured} the URI names no host, a database that is no number, or is badly encoded.
   */
  static async connect(uri: string, log: Log): Promise<RedisBackend> {
    const url = URL.parse(uri);
    if (!url?.hostname || !/^\/?\d*$/.test(url.pathname) || !isDecodable(url)) {
      throw new Misconfigured(
        'TokenCache:Store: write it like redis://<user>:<password>@<host>:<port>/<database number>, percent-encoded.',
      );
    }
    const label = `${url.protocol}//${url.host}${url.pathname}`;
    const node = new RedisNode({ locate: async () => uri, label, log });
    await atMost(OPEN_MS, node.open());
    return new RedisBackend(node, label);
  }

  /** @throws {NotConnected} while it is connecting. */
  assertReady(): void {
    this.#node.assertReady();
  }

  async get(name: string): Promise<string | undefined> {
    return (await this.#node.client.get(name)) ?? undefined;
  }

  getNear(name: string): Promise<string | undefined> {
    return this.#node.getNear(name);
  }

  set(name: string, value: string, ttlMs: number): Promise<boolean> {
    return this.#write(name, async ({ client }) => {
      await client.set(name, value, { PX: ttlMs });
      return true;
    });
  }

  delete(name: string): Promise<boolean> {
    return this.#write(name, async ({ client }) => (await client.unlink(name)) > 0);
  }

  async clear(): Promise<void> {
    await this.erase('');
  }

  replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<Replaced> {
    const call = { keys: [name], arguments: [argument(expected), argument(next), String(ttlMs)] };
    return this.#write(name, async ({ client }) =>
      (await run(client, call)) === 1 ? 'replaced' : 'conflict',
    );
  }

  async erase(prefix: string): Promise<number> {
    let count = 0;
    // An instance's name has no character that a pattern gives a meaning.
    const pattern = { MATCH: `${prefix}*`, COUNT: ERASE_AT_ONCE };
    for await (const names of this.#node.client.scanIterator(pattern)) {
      const deleted = await Promise.all(names.map((name) => this.delete(name)));
      count += deleted.filter(Boolean).length;
    }
    return count;
  }

  explain(error: unknown): Failure {
    // After a failover behind one address this connection may be with the old primary still.
    if (replyCode(error) === 'READONLY') this.#node.renew();
    return explainRedisFailure(error);
  }

  close(): void {
    this.#node.close();
  }

  /** This process's own next near read sees what was written, whatever became of it. */
  async #write<T>(name: string, work: (node: RedisNode) => Promise<T>): Promise<T> {
    try {
      return await work(this.#node);
    } finally {
      this.#node.forgetNear(name);
    }
  }
}

async function run(
  client: RedisClient,
  call: { keys: string[]; arguments: string[] },
): Promise<unknown> {
  try {
    return await client.evalSha(REPLACE_SHA, call);
  } catch (error) {
    // A server that was started since, or its replica, has not seen the script yet.
    if (replyCode(error) !== 'NOSCRIPT') throw error;
    return await client.eval(REPLACE, call);
  }
}

/** Waits for `work`, and no longer. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([work, late.promise]);
  clearTimeout(timer);
}

function argument(bytes: string | undefined): string {
  return bytes === undefined ? '-' : `=${bytes}`;
}

/** A password with a stray percent sign would fail in the client, with less of a hint. */
function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    // The URI is the operator's to mend, and is not shown.
    return false;
  }
}
