/** A Storage on any Keyv adapter, and the one translator of the store's failures. */
import { setTimeout as wait } from 'node:timers/promises';
import { type DeserializedData, Keyv } from 'keyv';
import { AppError, Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Backend, Failure } from './backend.ts';
import type { ReadOptions, Replaced, Storage } from './storage.ts';
import { StoreUnavailable } from './store-unavailable.ts';

type Operation = 'get' | 'set' | 'delete' | 'replace' | 'erase' | 'ping';

/** How often, and after which pauses, a write whose answer was lost is looked for. */
const LOOKS = 5;
const LOOK_PAUSE_MS = 50;
const PROBE_TTL_MS = 5000;

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
  readonly #instanceName: string;
  /** The reasons already logged of an outage of writes. */
  readonly #said = new Set<string>();
  #closed = false;

  constructor(backend: Backend, { log, instanceName }: { log: Log; instanceName: string }) {
    this.#backend = backend;
    this.#log = log;
    this.#instanceName = instanceName;
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

  get(name: string, { near = false }: ReadOptions = {}): Promise<string | undefined> {
    return this.#attempt('get', async () =>
      near && this.#backend.getNear ? this.#backend.getNear(name) : this.#keyv.get(name),
    );
  }

  async set(name: string, value: string, ttlMs: number): Promise<void> {
    await this.#write('set', name, value, ttlMs);
  }

  async delete(name: string): Promise<void> {
    await this.#attempt('delete', () => this.#keyv.delete(name));
  }

  async replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<Replaced> {
    try {
      const replaced = await this.#attempt('replace', async () =>
        this.#backend.replace(name, expected, next, wholeMs(ttlMs)),
      );
      if (replaced === 'replaced' && next !== undefined) this.#onWritten();
      return replaced;
    } catch (error) {
      // The answer was lost, not surely the write: each sealing is unique, so the bytes tell. Their
      // absence does not: another may have taken the record.
      const unknown = error instanceof Unavailable && error.outcome === 'unknown';
      if (unknown && next !== undefined && (await this.#holds(name, next))) return 'replaced';
      throw error;
    }
  }

  async erase(): Promise<number> {
    // The brace keeps the records of an instance whose name only begins like ours.
    const prefix = `${this.#instanceName}:{`;
    return await this.#attempt('erase', async () => this.#backend.erase(prefix));
  }

  /** A store that is read-only or full answers, so it is asked to keep something. */
  async ping(): Promise<void> {
    await this.#write('ping', `${this.#instanceName}:ready`, 'ready', PROBE_TTL_MS);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#backend.close();
  }

  async #write(
    operation: 'set' | 'ping',
    name: string,
    value: string,
    ttlMs: number,
  ): Promise<void> {
    const work = () => this.#keyv.set(name, value, wholeMs(ttlMs));
    const written = await this.#attempt(operation, work);
    if (!written) throw new Unavailable('The store refused to keep a record.');
    this.#onWritten();
  }

  /** Whether `bytes` are there now; `false` too if that cannot be read. */
  async #holds(name: string, bytes: string): Promise<boolean> {
    for (let look = 1; look <= LOOKS; look += 1) {
      try {
        this.#backend.assertReady();
        return (await this.#keyv.get(name)) === bytes;
      } catch {
        // Still away: the failure of the write itself, which the caller has, says all there is.
        if (look < LOOKS) await wait(LOOK_PAUSE_MS);
      }
    }
    return false;
  }

  async #attempt<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new Unavailable('Our store is closed: this site is stopping.');
    try {
      this.#backend.assertReady();
      return await work();
    } catch (error) {
      // A TypeError is a fault of this code, not of the store.
      if (error instanceof AppError || error instanceof TypeError) throw error;
      const failure = this.#backend.explain(error);
      this.#say(operation, failure);
      const reads = operation === 'get' || operation === 'ping';
      throw new StoreUnavailable(failure.state, {
        outcome: reads ? 'not-done' : failure.outcome,
        cause: new Error(failure.reason),
      });
    }
  }

  /** Said once for each reason until a write works again, not for every operation. */
  #say(operation: Operation, { reason, state }: Failure): void {
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    const about = { operation, store: this.label, reason };
    if (state === 'refused') {
      this.#log.error({ event: 'store_password_refused', ...about }, REFUSED);
      return;
    }
    const level = state === 'down' ? 'warn' : 'error';
    this.#log[level]({ event: 'store_failed', state, ...about }, 'the store failed');
  }

  /** Only what was kept ends an outage: a read-only store reads, and a full one deletes. */
  #onWritten(): void {
    if (this.#said.size === 0) return;
    this.#said.clear();
    this.#log.info({ event: 'store_restored', store: this.label }, 'the store takes writes again');
  }
}

const REFUSED = 'the store refuses the user name and password of TokenCache:Store, or their rights';

/** No store takes fractions, and none keeps a record for no time. */
function wholeMs(ttlMs: number): number {
  return Math.max(1, Math.ceil(ttlMs));
}

/** Keyv's signature promises a caller's own type; what is kept here is always the string itself. */
function asStored<Value>(stored: string): DeserializedData<Value>;
function asStored(stored: string) {
  return { value: stored };
}
