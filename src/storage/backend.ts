/** What a store must do for KeyvStorage: Keyv's own adapter methods, and `replace`. */
import type { Replaced } from './storage.ts';

type Maybe<T> = T | Promise<T>;

export interface Backend {
  /** A Keyv storage adapter (https://keyv.org), for values that are strings. */
  readonly adapter: unknown;
  readonly label: string;
  readonly shared: boolean;
  replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Maybe<Replaced>;
  ping(): Maybe<unknown>;
  close(): Maybe<unknown>;
}
