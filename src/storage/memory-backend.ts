/** `memory:` – this process's own memory, bounded and expiring. */
import { LRUCache } from 'lru-cache';
import type { Backend } from './backend.ts';
import type { Replaced } from './storage.ts';

const MAX_OF_A_KIND = 50_000;

/**
 * Records of each kind (what follows a name's last colon) have their own bound, so that many open
 * transactions cannot push out sessions; past it the record used longest ago goes.
 */
export class MemoryBackend implements Backend {
  readonly adapter = this;
  readonly label = 'memory:';
  readonly shared = false;
  readonly opts = {};
  readonly #maxOfAKind: number;
  readonly #kinds = new Map<string, LRUCache<string, string>>();

  constructor(maxOfAKind = MAX_OF_A_KIND) {
    this.#maxOfAKind = maxOfAKind;
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

  ping(): void {}

  close(): void {
    this.clear();
  }

  #kind(name: string): LRUCache<string, string> {
    const kind = name.slice(name.lastIndexOf(':') + 1);
    let cache = this.#kinds.get(kind);
    if (!cache) {
      cache = new LRUCache({ max: this.#maxOfAKind });
      this.#kinds.set(kind, cache);
    }
    return cache;
  }
}
