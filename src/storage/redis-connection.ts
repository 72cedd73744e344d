/** A connection to one Redis server that queues nothing while it is down, and comes back by itself. */
import {
  connectAndAsk,
  type OnInvalid,
  type RedisClient,
  type RedisClients,
} from './redis-client.ts';
import { NotConnected, replyCode } from './redis-failure.ts';

const MAX_RECONNECT_PAUSE_MS = 1000;
const PING_MS = 250;
/** After a ping, what ends a connection to a Redis that takes requests and answers none. */
const SILENCE_MS = 900;

export interface RedisConnectionOptions {
  /** The URL to connect to, found out before each attempt. */
  readonly locate: () => Promise<string>;
  readonly clients: RedisClients;
  /** Rejects if this server will not do. */
  readonly verify?: (client: RedisClient) => Promise<void>;
  readonly onReady: () => void;
  /** What was ready is no more. */
  readonly onLost: () => void;
  /** It could not be connected, or broke; `pauseMs` may put off the next attempt. */
  readonly onFailure: (error: unknown) => { readonly pauseMs: number } | undefined;
  readonly onSilence: () => void;
  readonly onInvalid?: OnInvalid;
}

/**
 * While it is not connected every operation fails at once. One that was sent fails when the
 * connection breaks, or after about 1.2 s of silence.
 *
 * The client's own socket timeout counts what is written as a sign of life, so a busy site would
 * wait for a frozen Redis for ever: here only an answer counts.
 */
export class RedisConnection {
  readonly #options: RedisConnectionOptions;
  /** Only while it is ready, and a new one after each loss: none carries state over. */
  #client: RedisClient | undefined;
  #url = '';
  #closed = false;
  /** Counts the renewals: an attempt that was begun before the last one is begun again. */
  #turn = 0;
  #watching: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #provenAt = Number.NEGATIVE_INFINITY;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#client?.isReady ?? false;
  }

  /** @throws {NotConnected} while it is connecting. */
  get client(): RedisClient {
    if (!this.#client?.isReady) throw new NotConnected('not connected');
    return this.#client;
  }

  /** Where it is connected. @throws {NotConnected} while it is connecting. */
  get url(): string {
    if (!this.isReady) throw new NotConnected('not connected');
    return this.#url;
  }

  /**
   * How long ago, at most, the server had something to tell that did not come yet: its answers and
   * its own messages come in order, so what it answers proves that all before it was heard.
   */
  get unheardMs(): number {
    return this.isReady ? performance.now() - this.#provenAt : Number.POSITIVE_INFINITY;
  }

  /** Resolves when it is connected, however long that takes, or closed. */
  async open(): Promise<void> {
    for (let failures = 0; !this.#closed; failures += 1) {
      try {
        if (await this.#attempt()) return;
      } catch (error) {
        // It goes on: whoever asks meanwhile is told that there is no connection.
        const asked = this.#closed ? undefined : this.#options.onFailure(error);
        await this.#pause(asked?.pauseMs ?? pauseBefore(failures));
      }
    }
  }

  /** Connects anew, at once. */
  renew(): void {
    this.#turn += 1;
    this.#wake?.();
    this.#lose();
  }

  /** Ends it at once; an attempt to connect that is under way ends by itself within seconds. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
    this.#lose();
  }

  /** @returns whether it is connected; `false` if that is not wanted any more. */
  async #attempt(): Promise<boolean> {
    const { locate, clients, verify, onInvalid, onReady } = this.#options;
    const turn = this.#turn;
    const url = await locate();
    const client = clients.make(url, onInvalid);
    // What fails an attempt is what connect() rejects with; a listener there must be all the same.
    client.on('error', (error: unknown) => this.#onError(client, error));
    await connectAndAsk(client, async () => verify?.(client));
    if (this.#closed || turn !== this.#turn) {
      if (client.isOpen) client.destroy();
      return false;
    }
    this.#client = client;
    this.#url = url;
    this.#provenAt = performance.now();
    this.#watch(client);
    onReady();
    return true;
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms).unref();
    this.#wake = resolve;
    if (this.#closed) resolve();
    await promise;
    clearTimeout(timer);
  }

  #onError(client: RedisClient, error: unknown): void {
    if (client !== this.#client) return;
    this.#options.onFailure(error);
    this.#lose();
  }

  /** Fails what waits for an answer, and begins anew. */
  #lose(): void {
    const client = this.#client;
    if (!client) return;
    this.#client = undefined;
    clearTimeout(this.#watching);
    // Else it is about to fail what waits, with the reason.
    if (client.isReady) client.destroy();
    this.#options.onLost();
    // Never rejects.
    this.open().catch(() => undefined);
  }

  #watch(client: RedisClient): void {
    if (client !== this.#client) return;
    this.#watching = setTimeout(() => {
      this.#check(client).then(
        () => this.#watch(client),
        () => this.#watch(client),
      );
    }, PING_MS).unref();
  }

  async #check(client: RedisClient): Promise<void> {
    const askedAt = performance.now();
    let answered = false;
    const timer = setTimeout(() => {
      // An answer that came while this process itself was held up is read before the verdict.
      setImmediate(() => {
        if (answered || client !== this.#client) return;
        this.#options.onSilence();
        this.#lose();
      });
    }, SILENCE_MS);
    // An error reply is an answer too; a broken connection says so by an event.
    answered = await client.ping().then(
      () => true,
      (error: unknown) => replyCode(error) !== undefined,
    );
    if (!answered) return;
    clearTimeout(timer);
    if (client === this.#client) this.#provenAt = askedAt;
  }
}

function pauseBefore(retries: number): number {
  return Math.min(50 * 2 ** Math.min(retries, 10), MAX_RECONNECT_PAUSE_MS);
}
