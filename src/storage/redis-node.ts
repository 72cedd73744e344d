/** One Redis server: a connection for all that is asked of it, and one for near reads. */
import type { Log } from '../log.ts';
import type { RedisClient, RedisClients } from './redis-client.ts';
import { RedisConnection } from './redis-connection.ts';
import { RedisLog } from './redis-log.ts';
import { RedisNear } from './redis-near.ts';
import type { RedisServers } from './redis-servers.ts';

/** How long a server that takes no writes is kept: it may be the right one, and its reads work. */
const RENEWAL_PAUSE_MS = 1000;
/** How often it is asked whether another server leads, where somebody can tell. */
const FOLLOW_MS = 2000;

interface RedisNodeOptions {
  /** The URL to connect to, found out before each attempt. */
  readonly locate: () => Promise<string>;
  /** Whether `locate` may tell of another server while the one connected still answers. */
  readonly mayMove?: boolean;
  readonly clients: RedisClients;
  /** Rejects if this server will not do. */
  readonly verify?: (client: RedisClient) => Promise<void>;
  readonly onLost?: () => void;
  readonly label: string;
  readonly log: Log;
}

export class RedisNode implements RedisServers {
  readonly #locate: () => Promise<string>;
  readonly #log: RedisLog;
  readonly #connection: RedisConnection;
  readonly #near: RedisNear;
  readonly #mayMove: boolean;
  #following: NodeJS.Timeout | undefined;
  #renewed: NodeJS.Timeout | undefined;
  #opening: Promise<void> | undefined;
  #closed = false;

  constructor(options: RedisNodeOptions) {
    const { locate, clients, verify, onLost = () => undefined } = options;
    this.#locate = locate;
    this.#mayMove = options.mayMove ?? false;
    this.#log = new RedisLog(options.log, options.label);
    this.#connection = new RedisConnection({
      locate,
      clients,
      ...(verify && { verify }),
      onReady: () => this.#onReady(),
      onLost,
      onFailure: (error) => {
        this.#log.failed(error);
        return undefined;
      },
      onSilence: () => this.#log.silent(),
    });
    this.#near = new RedisNear({
      // What is near must come from the server that is written to.
      locate: async () => this.#connection.url,
      clients,
      onRefused: (reason) => this.#log.nearRefused(reason),
    });
  }

  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** @throws {NotConnected} while it is connecting. */
  get client(): RedisClient {
    return this.#connection.client;
  }

  get isReady(): boolean {
    return this.#connection.isReady;
  }

  assertReady(): void {
    void this.client;
  }

  async run<T>(_name: string, work: (client: RedisClient) => Promise<T>): Promise<T> {
    return await work(this.client);
  }

  async getNear(name: string): Promise<string | undefined> {
    const { client } = this;
    return await this.#near.get(name, async () => (await client.get(name)) ?? undefined);
  }

  forgetNear(name: string): void {
    this.#near.forget(name);
  }

  clients(): readonly RedisClient[] {
    return [this.client];
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
    this.#closed = true;
    clearTimeout(this.#following);
    clearTimeout(this.#renewed);
    this.#connection.close();
    this.#near.close();
  }

  async #open(): Promise<void> {
    if (this.#mayMove) this.#follow();
    await this.#connection.open();
    await this.#near.tried;
  }

  #onReady(): void {
    // A renewal comes every second while it lasts, and is no news.
    this.#log.ready(this.#renewed ? 'debug' : 'info');
    this.#near.connect();
  }

  /** An old primary that is cut off from those who chose another still takes our writes. */
  #follow(): void {
    this.#following = setTimeout(() => {
      this.#move().then(
        () => !this.#closed && this.#follow(),
        // Nobody can tell just now: what is connected is kept.
        () => !this.#closed && this.#follow(),
      );
    }, FOLLOW_MS).unref();
  }

  async #move(): Promise<void> {
    const url = await this.#locate();
    if (this.#connection.isReady && this.#connection.url !== url) this.#connection.renew();
  }
}
