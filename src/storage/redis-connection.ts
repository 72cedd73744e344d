/** A connection to Redis that queues nothing while it is down, and comes back by itself. */
import { createClient } from '@keyv/redis';
import type { Log } from '../log.ts';
import { explainRedisFailure, NotConnected } from './redis-failure.ts';

const CONNECT_MS = 500;
const MAX_RECONNECT_PAUSE_MS = 1000;
/** How long a handshake may be silent. */
const HANDSHAKE_MS = 1000;
const PING_MS = 250;
/** After a ping, what ends a connection to a Redis that takes requests and answers none. */
const SILENCE_MS = 900;
/** How long a server that takes no writes is kept: it may be the right one, and its reads work. */
const RENEWAL_PAUSE_MS = 1000;

type Client = ReturnType<typeof createClient>;

/**
 * While it is not connected every operation fails at once. One that was sent fails when the
 * connection breaks, or after about 1.2 s of silence.
 *
 * The client's own socket timeout counts what is written as a sign of life, so a busy site would
 * wait for a frozen Redis for ever: here only an answer counts.
 */
export class RedisConnection {
  readonly client: Client;
  readonly #label: string;
  readonly #log: Log;
  #closed = false;
  #watching: NodeJS.Timeout | undefined;
  #renewed: NodeJS.Timeout | undefined;
  readonly #said = new Set<string>();

  constructor(url: string, label: string, log: Log) {
    this.#label = label;
    this.#log = log;
    this.client = createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: 10_000,
      socket: {
        connectTimeout: CONNECT_MS,
        socketTimeout: HANDSHAKE_MS,
        reconnectStrategy: (retries) => !this.#closed && pauseBefore(retries),
      },
    });
    this.client.on('error', (error: unknown) => this.#onError(error));
    this.client.on('ready', () => this.#onReady());
  }

  /** Resolves when it is connected, or after a second in which it could not be. */
  async open(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, HANDSHAKE_MS);
    await Promise.race([this.#connect(), late.promise]);
    clearTimeout(timer);
    this.#watch();
  }

  /** @throws {NotConnected} while it is connecting. */
  assertReady(): void {
    if (!this.client.isReady) throw new NotConnected('not connected');
  }

  /** Connects anew, at most once a second: after a failover its address leads to another server. */
  renew(): void {
    if (this.#closed || this.#renewed) return;
    this.#renewed = setTimeout(() => {
      this.#renewed = undefined;
    }, RENEWAL_PAUSE_MS).unref();
    this.#reconnect();
  }

  /** Ends it at once; an attempt to connect that is under way ends by itself within seconds. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#watching);
    clearTimeout(this.#renewed);
    if (this.client.isReady) this.client.destroy();
  }

  async #connect(): Promise<void> {
    // Rejects only once it is closed; every failure before that was said by an event.
    await this.client.connect().catch(() => undefined);
  }

  #watch(): void {
    if (this.#closed) return;
    this.#watching = setTimeout(() => {
      this.#check().then(
        () => this.#watch(),
        () => this.#watch(),
      );
    }, PING_MS).unref();
  }

  async #check(): Promise<void> {
    if (!this.client.isReady) return;
    let answered = false;
    const timer = setTimeout(() => {
      // An answer that came while this process itself was held up is read before the verdict.
      setImmediate(() => {
        if (!answered) this.#onSilence();
      });
    }, SILENCE_MS);
    // An error reply is an answer too, and a broken connection says so by an event.
    await this.client.ping().catch(() => undefined);
    answered = true;
    clearTimeout(timer);
  }

  #onSilence(): void {
    if (this.#closed || !this.client.isReady) return;
    this.#log.warn({ event: 'redis_silent', store: this.#label }, 'Redis does not answer');
    this.#reconnect();
  }

  /** Fails what waits for an answer, and begins anew. */
  #reconnect(): void {
    if (!this.client.isReady) return;
    this.client.destroy();
    this.#connect().catch(() => undefined);
  }

  #onReady(): void {
    if (this.#closed) {
      this.client.destroy();
      return;
    }
    this.#said.clear();
    // A renewal comes every second while it lasts, and is no news.
    const level = this.#renewed ? 'debug' : 'info';
    this.#log[level]({ event: 'redis_ready', store: this.#label }, 'connected to Redis');
  }

  /** Said once for each kind of failure until it is connected again, not at every attempt. */
  #onError(error: unknown): void {
    const { reason, state } = explainRedisFailure(error);
    if (this.#said.has(reason) || this.#closed) return;
    this.#said.add(reason);
    const about = { store: this.#label, reason };
    if (state === 'refused')
      this.#log.error({ event: 'store_password_refused', ...about }, REFUSED);
    else this.#log.warn({ event: 'redis_error', ...about }, 'the connection to Redis failed');
  }
}

const REFUSED = 'Redis refuses the user name and password of TokenCache:Store';

function pauseBefore(retries: number): number {
  return Math.min(50 * 2 ** Math.min(retries, 10), MAX_RECONNECT_PAUSE_MS);
}
