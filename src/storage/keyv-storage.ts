/** A Storage on any Keyv adapter, and the one translator of the store's failures. */
import { type DeserializedData, Keyv } from 'keyv';
import { AppError, Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Backend } from './backend.ts';
import type { Replaced, Storage } from './storage.ts';

/**
 * Keyv is given strings to keep as they are: no JSON around them, so that `replace` can compare
 * exact bytes, and no clock of its own, which under clock skew would delete what is still good.
 */
export class KeyvStorage implements Storage {
  readonly label: string;
  readonly shared: boolean;
  readonly #backend: Backend;
  readonly #keyv: Keyv<string>;
  readonly #log: Log;

  constructor(backend: Backend, log: Log) {
    this.#backend = backend;
    this.#log = log;
    this.label = backend.label;
    this.shared = backend.shared;
    this.#keyv = new Keyv<string>({
      store: backend.adapter,
      serialize: ({ value }) => String(value),
      deserialize: asStored,
      // Names are whole already; an adapter would put its own prefix before them.
      namespace: '',
      useKeyPrefix: false,
      throwOnErrors: true,
    });
    // Without a listener Keyv throws what it also rejects with.
    this.#keyv.on('error', () => undefined);
  }

  get(name: string): Promise<string | undefined> {
    return this.#attempt('get', () => this.#keyv.get(name), 'not-done');
  }

  async set(name: string, value: string, ttlMs: number): Promise<void> {
    const written = await this.#attempt('set', () => this.#keyv.set(name, value, ttlMs), 'unknown');
    if (!written) throw new Unavailable('The store refused to keep a record.');
  }

  async delete(name: string): Promise<void> {
    await this.#attempt('delete', () => this.#keyv.delete(name), 'unknown');
  }

  async replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<Replaced> {
    try {
      const write = async () => await this.#backend.replace(name, expected, next, ttlMs);
      return await this.#attempt('replace', write, 'unknown');
    } catch (error) {
      // It may have been done before the answer was lost: each sealing is unique, so bytes tell.
      const now = await this.get(name).catch(() => {
        throw error;
      });
      if (now === next) return 'replaced';
      throw error;
    }
  }

  async ping(): Promise<void> {
    await this.#attempt('ping', async () => await this.#backend.ping(), 'not-done');
  }

  async close(): Promise<void> {
    await this.#backend.close();
  }

  async #attempt<T>(
    operation: string,
    work: () => Promise<T>,
    outcome: 'not-done' | 'unknown',
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AppError) throw error;
      const cause = new Error(
        error instanceof Error ? `${error.name}: ${error.message}` : 'unknown',
      );
      this.#log.warn(
        { event: 'store_failed', operation, store: this.label, err: cause },
        'store failed',
      );
      throw new Unavailable('Our store does not answer just now. Try again shortly.', {
        outcome,
        cause,
      });
    }
  }
}

/** Keyv's signature promises a caller's own type; what is kept here is always the string itself. */
function asStored<Value>(stored: string): DeserializedData<Value>;
function asStored(stored: string) {
  return { value: stored };
}
