/** Near reads: a copy of what is read often, which Redis itself keeps true (client-side caching). */
import { LRUCache } from 'lru-cache';
import type { RedisClients } from './redis-client.ts';
import { RedisConnection } from './redis-connection.ts';
import { replyCode } from './redis-failure.ts';

const MAX_ENTRIES = 10_000;
/** Of names and values; what is sealed is written in characters of one byte. */
const MAX_CHARACTERS = 32 * 2 ** 20;
/** Read again then all the same: what has expired is told only when Redis comes across it. */
const MAX_AGE_MS = 60_000;
/** What Redis was not heard for so long may have changed: nothing kept is given then. */
const MAX_UNHEARD_MS = 1000;
const REFUSED_PAUSE_MS = 60_000;

/** What a server answers that is too old (before 6.0), or is told not to let us. */
const REFUSALS: ReadonlySet<string> = new Set(['ERR', 'NOPROTO', 'NOPERM']);

export interface RedisNearOptions {
  readonly locate: () => Promise<string>;
  readonly clients: RedisClients;
  /** The server does not tell of changes. */
  readonly onRefused: (reason: string) => void;
  readonly maxEntries?: number;
}

type Read = Promise<string | undefined>;

/**
 * Its connection is for this alone, and asks the server to tell of changes to all that is read on
 * it (CLIENT TRACKING). Answers and such messages come on it in their order, so what is kept is true
 * but for the time a message takes; after 1 s of silence, or once the connection breaks, it is gone.
 *
 * The client's own cache is not used: it keeps the old value of a read under way when everything is
 * invalid at once (FLUSHALL), and counts neither bytes nor the names of what it has dropped.
 */
export class RedisNear {
  readonly #connection: RedisConnection;
  readonly #kept: LRUCache<string, string>;
  /** Under way. One that is not here any more when it ends was overtaken, and is not kept. */
  readonly #reading = new Map<string, Read>();
  readonly #onRefused: (reason: string) => void;
  readonly #tried = Promise.withResolvers<void>();
  #begun = false;

  constructor({ locate, clients, onRefused, maxEntries = MAX_ENTRIES }: RedisNearOptions) {
    this.#onRefused = onRefused;
    this.#kept = new LRUCache({
      max: maxEntries,
      maxSize: MAX_CHARACTERS,
      sizeCalculation: (value, name) => value.length + name.length,
      ttl: MAX_AGE_MS,
    });
    this.#connection = new RedisConnection({
      locate,
      clients,
      onReady: () => {
        this.#forgetAll();
        this.#tried.resolve();
      },
      onLost: () => this.#forgetAll(),
      onFailure: (error) => this.#onFailure(error),
      onSilence: () => undefined,
      onInvalid: (name) => (name === undefined ? this.#forgetAll() : this.forget(name)),
    });
  }

  /** How many values are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /** Resolves when it was connected once, or could not be. */
  get tried(): Promise<void> {
    return this.#tried.promise;
  }

  /** Connects; or anew, as the address may lead to another server now. */
  connect(): void {
    if (this.#begun) {
      this.#connection.renew();
      return;
    }
    this.#begun = true;
    // Never rejects.
    this.#connection.open().catch(() => undefined);
  }

  /** What is kept, or read now; by `otherwise` while nothing would tell of a change to it. */
  async get(name: string, otherwise: () => Read): Read {
    if (this.#connection.unheardMs > MAX_UNHEARD_MS) return await otherwise();
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    try {
      return await (this.#reading.get(name) ?? this.#read(name));
    } catch {
      // The ordinary read has its own connection, and says what is wrong if it fails, too.
      return await otherwise();
    }
  }

  /** Whoever reads from now on sees what was written before. */
  forget(name: string): void {
    this.#kept.delete(name);
    this.#reading.delete(name);
  }

  close(): void {
    this.#connection.close();
    this.#forgetAll();
    this.#tried.resolve();
  }

  async #read(name: string): Read {
    const reading = this.#ask(name);
    this.#reading.set(name, reading);
    const isLast = () => this.#reading.get(name) === reading;
    try {
      const value = await reading;
      // An absence is not kept: what is asked for is mostly there, and may come at any time.
      if (value !== undefined && isLast()) this.#kept.set(name, value);
      return value;
    } finally {
      if (isLast()) this.#reading.delete(name);
    }
  }

  async #ask(name: string): Read {
    return (await this.#connection.client.get(name)) ?? undefined;
  }

  #forgetAll(): void {
    this.#kept.clear();
    this.#reading.clear();
  }

  #onFailure(error: unknown): { pauseMs: number } | undefined {
    this.#tried.resolve();
    const code = replyCode(error);
    if (code === undefined || !REFUSALS.has(code)) return undefined;
    this.#onRefused(code);
    return { pauseMs: REFUSED_PAUSE_MS };
  }
}
