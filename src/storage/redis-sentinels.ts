/** Asks the Sentinels which server leads now (https://redis.io/docs/latest/develop/reference/sentinel-clients/). */
import { z } from 'zod';
import { connectAndAsk, type RedisClient, type RedisClients } from './redis-client.ts';
import { NotConnected, replyCode } from './redis-failure.ts';
import type { RedisUri } from './redis-uri.ts';

const addressReply = z.tuple([z.string(), z.coerce.number()]).nullable();

export class RedisSentinels {
  readonly #uri: RedisUri;
  readonly #clients: RedisClients;

  constructor(uri: RedisUri, clients: RedisClients) {
    this.#uri = uri;
    this.#clients = clients;
  }

  /**
   * The URL of the primary as most of them say; all are asked at once, for one that is cut off
   * still says what was.
   *
   * @throws {NotConnected} none of them answers, or none knows it.
   */
  async locate(): Promise<string> {
    const { hosts, urlOf } = this.#uri;
    const votes = new Map<string, number>();
    const agreed = Promise.withResolvers<string>();
    const asked = hosts.map(async (host) => {
      const primary = await this.#ask(host);
      const count = (votes.get(primary) ?? 0) + 1;
      votes.set(primary, count);
      if (count > hosts.length / 2) agreed.resolve(primary);
    });
    const all = Promise.allSettled(asked).then((outcomes) => {
      const [most] = [...votes].toSorted(([, a], [, b]) => b - a);
      if (most) return most[0];
      const refused = outcomes.find(({ status }) => status === 'rejected');
      throw refused?.status === 'rejected' ? refused.reason : new NotConnected('no Sentinel');
    });
    return urlOf(await Promise.race([agreed.promise, all]));
  }

  async #ask(host: string): Promise<string> {
    try {
      return await this.#askWith(this.#uri.sentinelUrlOf(host, { withCredentials: false }));
    } catch (error) {
      if (replyCode(error) !== 'NOAUTH') throw error;
      return await this.#askWith(this.#uri.sentinelUrlOf(host, { withCredentials: true }));
    }
  }

  async #askWith(url: string): Promise<string> {
    const client = this.#clients.make(url);
    // What fails is what connect() rejects with, or the request; a listener must be all the same.
    client.on('error', () => undefined);
    try {
      const request = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.#uri.primaryName];
      const asked = connectAndAsk(client, () => client.sendCommand(request));
      const reply = await asked.catch((error: unknown) => {
        throw replyCode(error) === 'ERR' ? new NotConnected('the server is no Sentinel') : error;
      });
      const address = addressReply.parse(reply);
      if (!address) throw new NotConnected('the Sentinels know no primary of this name');
      const [host, port] = address;
      return `${host.includes(':') ? `[${host}]` : host}:${port}`;
    } finally {
      if (client.isOpen) client.destroy();
    }
  }
}

/**
 * What a Sentinel says may be old, or come too early.
 *
 * @throws {NotConnected} the server is no primary.
 */
export async function assertPrimary(client: RedisClient): Promise<void> {
  try {
    const state = await client.role();
    if (state?.role !== 'master') throw new NotConnected('the server leads no more, or not yet');
  } catch (error) {
    // A user without the right to ask learns it from the first write.
    if (replyCode(error) !== 'NOPERM') throw error;
  }
}
