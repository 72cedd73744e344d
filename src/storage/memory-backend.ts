/** `memory:` – this process's own memory, bounded and expiring. */
import { LRUCache } from 'lru-cache';
import type { Backend, Failure } from './backend.ts';
import type { Replaced } from './storage.ts';

const MAX_OF_A_KIND = 50_000;
const MAX_CHARACTERS_OF_A_KIND = 128 * 2 ** 20;
const SWEEP_MS = 60_000;

interface MemoryBackendOptions {
  readonly now: () => number;
  readonly maxOfAKind?: number;
}

/**
 * Records of each kind (what follows a name's last colon) have their own bound, so that many open
 * transactions cannot push out sessions; past it the record used longest ago goes.
 */
export class MemoryBackend implements Backend {
  readonly adapter = this;
  readonly label = 'memory:';
  readonly shared = false;
  readonly opts = {};
  readonly #options: Required<MemoryBackendOptions>;
  readonly #kinds = new Map<string, LRUCache<string, string>>();
  readonly #sweeping: NodeJS.Timeout;

  constructor(options: MemoryBackendOptions) {
    this.#options = { maxOfAKind: MAX_OF_A_KIND, ...options };
    this.#sweeping = setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  get(name: string): string | undefined {
    return this.#kind(name).get(name);
  }

  set(name: string, value: string, ttlMs = 0): boolean {
    this.#kind(name).set(name, value, { ttl: ttlMs });
    return true;
  }

  delete(name: string): boolean {
    return this.#kind(name).delete(name);
  }

  clear(): void {
    this.#kinds.clear();
  }

  replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Replaced {
    if (this.get(name) !== expected) return 'conflict';
    if (next === undefined) this.delete(name);
    else this.set(name, next, ttlMs);
    return 'replaced';
  }

  erase(prefix: string): number {
    let count = 0;
    for (const cache of this.#kinds.values()) {
      for (const name of [...cache.keys()]) {
        if (name.startsWith(prefix) && cache.delete(name)) count += 1;
      }
    }
    return count;
  }

  /** Frees what has expired. */
  sweep(): void {
    for (const cache of this.#kinds.values()) cache.purgeStale();
  }

  /** How many records are held, expired ones that were not swept yet included. */
  count(): number {
    return [...this.#kinds.values()].reduce((total, cache) => total + cache.size, 0);
  }

  assertReady(): void {}

  explain(error: unknown): Failure {
    return { reason: String(error), outcome: 'not-done', state: 'down' };
  }

  close(): void {
    clearInterval(this.#sweeping);
    this.clear();
  }

  #kind(name: string): LRUCache<string, string> {
    const kind = name.slice(name.lastIndexOf(':') + 1);
    let cache = this.#kinds.get(kind);
    if (!cache) {
      cache = new LRUCache({
        max: this.#options.maxOfAKind,
        maxSize: MAX_CHARACTERS_OF_A_KIND,
        sizeCalculation: (value, key) => value.length + key.length,
        perf: this.#options,
        ttlResolution: 0,
      });
      this.#kinds.set(kind, cache);
    }
    return cache;
  }
}
