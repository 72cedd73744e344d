/** One Redis server: a connection for all that is asked of it, one for near reads, and a log of both. */
import type { Log } from '../log.ts';
import { type RedisClient, RedisConnection } from './redis-connection.ts';
import { explainRedisFailure } from './redis-failure.ts';
import { RedisNear } from './redis-near.ts';

/** How long a server that takes no writes is kept: it may be the right one, and its reads work. */
const RENEWAL_PAUSE_MS = 1000;

interface RedisNodeOptions {
  /** The URL to connect to, found out before each attempt. */
  readonly locate: () => Promise<string>;
  readonly label: string;
  readonly log: Log;
}

export class RedisNode {
  readonly #label: string;
  readonly #log: Log;
  readonly #connection: RedisConnection;
  readonly #near: RedisNear;
  #renewed: NodeJS.Timeout | undefined;
  /** The reasons already logged since it was connected last. */
  readonly #said = new Set<string>();
  #saidRefused = false;

  constructor({ locate, label, log }: RedisNodeOptions) {
    this.#label = label;
    this.#log = log;
    this.#connection = new RedisConnection({
      locate,
      onReady: () => this.#onReady(),
      onLost: () => undefined,
      onFailure: (error) => this.#onFailure(error),
      onSilence: () => {
        log.warn({ event: 'redis_silent', store: label }, 'Redis does not answer');
      },
    });
    this.#near = new RedisNear({ locate, onRefused: (reason) => this.#onRefused(reason) });
  }

  /** Resolves when it is connected, however long that takes, or closed. */
  async open(): Promise<void> {
    await this.#connection.open();
    await this.#near.tried;
  }

  /** @throws {NotConnected} while it is connecting. */
  assertReady(): void {
    void this.client;
  }

  /** @throws {NotConnected} while it is connecting. */
  get client(): RedisClient {
    return this.#connection.client;
  }

  /** @throws {NotConnected} while it is connecting. */
  async getNear(name: string): Promise<string | undefined> {
    const { client } = this;
    return await this.#near.get(name, async () => (await client.get(name)) ?? undefined);
  }

  /** To be said of every write, whatever became of it. */
  forgetNear(name: string): void {
    this.#near.forget(name);
  }

  /** Connects anew, at most once a second: after a failover its address leads to another server. */
  renew(): void {
    if (this.#renewed) return;
    this.#renewed = setTimeout(() => {
      this.#renewed = undefined;
    }, RENEWAL_PAUSE_MS).unref();
    this.#connection.renew();
  }

  close(): void {
    clearTimeout(this.#renewed);
    this.#connection.close();
    this.#near.close();
  }

  #onReady(): void {
    this.#said.clear();
    // A renewal comes every second while it lasts, and is no news.
    const level = this.#renewed ? 'debug' : 'info';
    this.#log[level]({ event: 'redis_ready', store: this.#label }, 'connected to Redis');
    // What is near must come from the server that is written to.
    this.#near.connect();
  }

  /** Said once for each kind of failure until it is connected again, not at every attempt. */
  #onFailure(error: unknown): undefined {
    const { reason, state } = explainRedisFailure(error);
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    const about = { store: this.#label, reason };
    if (state === 'refused')
      this.#log.error({ event: 'store_password_refused', ...about }, REFUSED);
    else this.#log.warn({ event: 'redis_error', ...about }, 'the connection to Redis failed');
  }

  #onRefused(reason: string): void {
    if (this.#saidRefused) return;
    this.#saidRefused = true;
    const about = { event: 'near_reads_off', store: this.#label, reason };
    this.#log.info(about, 'Redis does not tell of changes: each read asks it');
  }
}

const REFUSED = 'Redis refuses the user name and password of TokenCache:Store';
