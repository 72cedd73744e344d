/** A backend on any store that only reads, writes and deletes: `replace` holds within this one process. */
import { Misconfigured } from '../errors.ts';
import type { Log } from '../log.ts';
import { AnswerWatch, type BeforeWrite } from './answer-watch.ts';
import type { Backend, Failure } from './backend.ts';
import type { Replaced } from './storage.ts';
import { Turns } from './turns.ts';

/** A store without a conditional write, as most Keyv adapters are. */
export interface PlainStore {
  readonly label: string;
  /** What an operator has to know of it beyond that it serves one instance. */
  readonly caveat: string;
  get(name: string): Promise<string | undefined>;
  /** May keep it for longer than asked, and never for less. */
  set(name: string, value: string, ttlMs: number): Promise<unknown>;
  delete(name: string): Promise<boolean>;
  /** The names that begin with `prefix`; absent where the store cannot list them. */
  names?(prefix: string): AsyncIterable<string>;
  /** Gives up a connection that did not answer, and begins anew. */
  renew(): void;
  explain(error: unknown): Failure;
  close(): unknown;
}

interface SingleInstanceOptions {
  readonly store: PlainStore;
  readonly now: () => number;
  readonly log: Log;
  /** How long the store has for its answer. */
  readonly limitMs?: number;
}

/** Never the name of a record: those have a brace. */
const PROBE_NAME = 'concierge:probe';

/**
 * Each record is kept behind the time it expires at, because these stores keep time in seconds or
 * sweep by the minute.
 *
 * Two processes would lose each other's updates. Within one a write that was given up on could
 * still arrive after a later one, if the network held it back for long.
 */
export class SingleInstanceBackend implements Backend {
  readonly adapter = this;
  readonly label: string;
  readonly shared = false;
  readonly opts = {};
  readonly #store: PlainStore;
  readonly #now: () => number;
  readonly #turns = new Turns();
  readonly #watch: AnswerWatch;

  constructor({ store, now, log, ...limits }: SingleInstanceOptions) {
    this.#store = store;
    this.#now = now;
    this.label = store.label;
    this.#watch = new AnswerWatch({
      probe: () => store.get(PROBE_NAME),
      explain: (error) => store.explain(error),
      onAway: () => store.renew(),
      ...limits,
    });
    log.warn(
      { event: 'store_serves_one_instance', store: store.label },
      `run one instance of this site only: this store cannot be shared by several. ${store.caveat}`,
    );
  }

  get(name: string): Promise<string | undefined> {
    return this.#watch.ask(() => this.#read(name));
  }

  set(name: string, value: string, ttlMs: number): Promise<boolean> {
    return this.#inTurn(name, async (beforeWrite) => {
      beforeWrite();
      await this.#write(name, value, ttlMs);
      return true;
    });
  }

  delete(name: string): Promise<boolean> {
    return this.#inTurn(name, (beforeWrite) => {
      beforeWrite();
      return this.#store.delete(name);
    });
  }

  replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<Replaced> {
    return this.#inTurn(name, async (beforeWrite) => {
      if ((await this.#read(name)) !== expected) return 'conflict';
      beforeWrite();
      if (next !== undefined) await this.#write(name, next, ttlMs);
      else if (expected !== undefined) await this.#store.delete(name);
      return 'replaced';
    });
  }

  /** @throws {Misconfigured} the store cannot list what it keeps. */
  async erase(prefix: string): Promise<number> {
    if (!this.#store.names) {
      throw new Misconfigured(
        `${this.label} cannot list what it keeps, so nothing there can be erased. Change TokenCache:InstanceName: what is kept under the old one is read no more, and expires.`,
      );
    }
    let count = 0;
    for await (const name of this.#store.names(prefix)) {
      if (await this.delete(name)) count += 1;
    }
    return count;
  }

  /** Keyv takes no adapter without it, and nobody here calls it: it would not stop at our records. */
  clear(): never {
    throw new TypeError('erase what is of one instance instead');
  }

  assertReady(): void {
    this.#watch.assertReady();
  }

  explain(error: unknown): Failure {
    return this.#watch.explain(error);
  }

  close(): unknown {
    this.#watch.close();
    return this.#store.close();
  }

  #inTurn<T>(name: string, work: (beforeWrite: BeforeWrite) => Promise<T>): Promise<T> {
    const since = performance.now();
    return this.#turns.take(name, () => this.#watch.ask(work, since));
  }

  /** What has expired counts as absent, as does what is not ours. */
  async #read(name: string): Promise<string | undefined> {
    const kept = await this.#store.get(name);
    const [, expiresAt, value] = /^(\d+):(.*)$/s.exec(kept ?? '') ?? [];
    return Number(expiresAt) > this.#now() ? value : undefined;
  }

  #write(name: string, value: string, ttlMs: number): Promise<unknown> {
    return this.#store.set(name, `${this.#now() + ttlMs}:${value}`, ttlMs);
  }
}
