/** `redis://` and `rediss://` – a store that any number of instances share; its outages are loud and fast. */
import { createHash } from 'node:crypto';
import KeyvRedis from '@keyv/redis';
import { Misconfigured } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Backend, Failure } from './backend.ts';
import { RedisConnection } from './redis-connection.ts';
import { explainRedisFailure, replyCode } from './redis-failure.ts';
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

export class RedisBackend implements Backend {
  readonly adapter: KeyvRedis<string>;
  readonly label: string;
  readonly shared = true;
  readonly #connection: RedisConnection;

  private constructor(connection: RedisConnection, label: string) {
    this.#connection = connection;
    this.label = label;
    this.adapter = new KeyvRedis<string>(connection.client, {
      throwOnConnectError: true,
      throwOnErrors: true,
    });
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
    const connection = new RedisConnection(uri, label, log);
    await connection.open();
    return new RedisBackend(connection, label);
  }

  assertReady(): void {
    this.#connection.assertReady();
  }

  async replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<Replaced> {
    const call = { keys: [name], arguments: [argument(expected), argument(next), String(ttlMs)] };
    return (await this.#run(call)) === 1 ? 'replaced' : 'conflict';
  }

  async erase(prefix: string): Promise<number> {
    const { client } = this.#connection;
    let count = 0;
    // An instance's name has no character that a pattern gives a meaning.
    for await (const names of client.scanIterator({ MATCH: `${prefix}*`, COUNT: ERASE_AT_ONCE })) {
      if (names.length > 0) count += await client.unlink(names);
    }
    return count;
  }

  explain(error: unknown): Failure {
    // After a failover behind one address this connection may be with the old primary still.
    if (replyCode(error) === 'READONLY') this.#connection.renew();
    return explainRedisFailure(error);
  }

  close(): void {
    this.#connection.close();
  }

  async #run(call: { keys: string[]; arguments: string[] }): Promise<unknown> {
    const { client } = this.#connection;
    try {
      return await client.evalSha(REPLACE_SHA, call);
    } catch (error) {
      // A server that was started since, or its replica, has not seen the script yet.
      if (replyCode(error) !== 'NOSCRIPT') throw error;
      return await client.eval(REPLACE, call);
    }
  }
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
