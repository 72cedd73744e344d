/** What a store must do for KeyvStorage: Keyv's own adapter methods, `replace`, and a word on its failures. */
import type { Replaced } from './storage.ts';
import type { StoreState } from './store-unavailable.ts';

type Maybe<T> = T | Promise<T>;

/** What a store's failure means. */
export interface Failure {
  /** For the log: never a credential, a name's owner or a value. */
  readonly reason: string;
  /** What became of the operation that met it. */
  readonly outcome: 'not-done' | 'unknown';
  /** All but `down` are for the operator to mend. */
  readonly state: StoreState;
}

export interface Backend {
  /** A Keyv storage adapter (https://keyv.org), for values that are strings. */
  readonly adapter: unknown;
  readonly label: string;
  readonly shared: boolean;
  /** A read that this process's own copy may answer, see `ReadOptions`; absent where there is none. */
  getNear?(name: string): Promise<string | undefined>;
  /** Deletes every record whose name begins with `prefix`; gives how many. */
  erase(prefix: string): Maybe<number>;
  /** Throws at once while the store is known to be away. */
  assertReady(): void;
  replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Maybe<Replaced>;
  /** What a failure means; a backend may begin to mend it. */
  explain(error: unknown): Failure;
  close(): Maybe<unknown>;
}
