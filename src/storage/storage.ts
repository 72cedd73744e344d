/** The store as the rest of the site knows it: operations on names and strings, and one primitive. */

/** What became of a `replace`. */
export type Replaced = 'replaced' | 'conflict';

export interface ReadOptions {
  /**
   * Whether this process's own copy will do, where the store offers one: at most 1.5 s old, and
   * some 50 ms while the store is connected.
   */
  readonly near?: boolean;
}

/**
 * A store of strings by name. Every operation answers within about 1.5 s or fails.
 *
 * @throws {StoreUnavailable} from every operation, when the store does not answer or refuses a write.
 */
export interface Storage {
  /** The URI without its credentials, for logs. */
  readonly label: string;
  /** Whether several processes may share what is kept. */
  readonly shared: boolean;
  get(name: string, options?: ReadOptions): Promise<string | undefined>;
  /** Writes whatever is there now. */
  set(name: string, value: string, ttlMs: number): Promise<void>;
  delete(name: string): Promise<void>;
  /**
   * Writes `next` if the bytes kept under `name` are exactly `expected`; `undefined` stands for
   * "absent", on both sides. Atomic among all processes that share the store.
   */
  replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<Replaced>;
  /** Deletes every record of this instance, whoever it is of. @returns how many. */
  erase(): Promise<number>;
  /** Resolves if the store takes writes now. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
