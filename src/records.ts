/** Records: values of one shape, sealed, with their own expiry, changed only by `replace`. */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { KeyRing } from './encryption.ts';
import { Unavailable } from './errors.ts';
import type { Log } from './log.ts';
import type { ReadOptions, Storage } from './storage/storage.ts';

/** A value and the exact bytes it was read from, which a change must find unchanged. */
export interface Kept<T> {
  readonly value: T;
  readonly bytes: string;
}

export interface RecordsOptions<T> {
  readonly storage: Storage;
  readonly keyRing: KeyRing;
  readonly schema: z.ZodType<T>;
  readonly now: () => number;
  readonly log: Log;
  /** How many records are kept open in memory, so that unchanged bytes are opened once; none by default. */
  readonly maxOpen?: number;
}

/** What a record's bytes were found to hold. */
interface Opened<T> {
  readonly expiresAt: number;
  readonly kept: Kept<T>;
}

/** The store forgets a record this long after its own expiry, so that clocks need not agree. */
const STORE_MARGIN_MS = 600_000;
const VERSION = 1;

const envelope = z.object({ v: z.literal(VERSION), expiresAt: z.number(), value: z.unknown() });
const sealedText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // A later version may seal something else than JSON.
    context.addIssue('not JSON');
    return z.NEVER;
  }
});
const sealedRecord = sealedText.pipe(envelope);

type Read<T> =
  | { readonly status: 'kept'; readonly kept: Kept<T> }
  /** Expired or damaged: as good as absent, though its bytes are there. */
  | { readonly status: 'void'; readonly bytes: string | undefined }
  /** Sealed with a key, or in a form, that this process does not know. */
  | { readonly status: 'unreadable'; readonly bytes: string };

/** All the open records of one kind, in characters of their bytes. */
const MAX_OPEN_CHARACTERS = 32 * 2 ** 20;

export class Records<T> {
  readonly #options: RecordsOptions<T>;
  /** By name: what its bytes held when they were last read. */
  readonly #open: LRUCache<string, Opened<T>> | undefined;

  constructor(options: RecordsOptions<T>) {
    this.#options = options;
    if (!options.maxOpen) return;
    this.#open = new LRUCache({
      max: options.maxOpen,
      maxSize: MAX_OPEN_CHARACTERS,
      sizeCalculation: ({ kept }) => kept.bytes.length,
    });
  }

  /**
   * The record, or `undefined` when it is absent, expired or damaged. Nothing is deleted.
   *
   * What it gives may be given to others too, and is frozen.
   *
   * @throws {Unavailable} the store is away, or the record's key or form is not known here.
   */
  async read(name: string, options?: ReadOptions): Promise<Kept<T> | undefined> {
    const read = await this.#read(name, options);
    if (read.status === 'unreadable') {
      throw new Unavailable('What is kept for you cannot be read here just now.');
    }
    return read.status === 'kept' ? read.kept : undefined;
  }

  /**
   * Writes `next` if the record is still the one expected; `undefined` expects none. Bytes that are
   * expired or damaged count as none, unreadable ones only with `overwriteUnreadable`.
   *
   * @returns what is now kept, or `undefined` on a conflict.
   * @throws {Unavailable} the store is away, or its answer is.
   */
  async replace(
    name: string,
    expected: Kept<T> | undefined,
    next: T,
    expiresAt: number,
    { overwriteUnreadable = false } = {},
  ): Promise<Kept<T> | undefined> {
    const { storage, keyRing, now } = this.#options;
    const ttlMs = Math.max(1, Math.ceil(expiresAt - now())) + STORE_MARGIN_MS;
    const bytes = keyRing.seal(name, JSON.stringify({ v: VERSION, expiresAt, value: next }));
    const kept = { value: next, bytes };
    if ((await storage.replace(name, expected?.bytes, bytes, ttlMs)) === 'replaced') return kept;
    if (expected) return undefined;
    const read = await this.#read(name);
    if (read.status === 'kept') return undefined;
    if (read.status === 'unreadable' && !overwriteUnreadable) return undefined;
    const replaced = await storage.replace(name, read.bytes, bytes, ttlMs);
    return replaced === 'replaced' ? kept : undefined;
  }

  /** Deletes the record if it is still the one expected, or gone already; `false` on a conflict. */
  async remove(name: string, expected: Kept<T>): Promise<boolean> {
    if (await this.take(name, expected)) return true;
    return (await this.#options.storage.get(name)) === undefined;
  }

  /** Deletes the record if it is still the one expected: of several who do so at once, one has. */
  async take(name: string, expected: Kept<T>): Promise<boolean> {
    const taken = await this.#options.storage.replace(name, expected.bytes, undefined, 1);
    return taken === 'replaced';
  }

  /** Deletes the record, whatever it is by now and whether or not it can be read. @throws {Unavailable} */
  async erase(name: string): Promise<void> {
    await this.#options.storage.delete(name);
  }

  async #read(name: string, options?: ReadOptions): Promise<Read<T>> {
    const bytes = await this.#options.storage.get(name, options);
    if (bytes === undefined) {
      this.#open?.delete(name);
      return { status: 'void', bytes };
    }
    const open = this.#open?.get(name);
    if (open?.kept.bytes !== bytes) return this.#openBytes(name, bytes);
    if (open.expiresAt <= this.#options.now()) return { status: 'void', bytes };
    return { status: 'kept', kept: open.kept };
  }

  #openBytes(name: string, bytes: string): Read<T> {
    const { keyRing, schema, now, log } = this.#options;
    const opened = keyRing.open(name, bytes);
    if (opened.status === 'damaged') {
      log.warn({ event: 'record_damaged', name }, 'a record was altered or moved: taken as absent');
      return { status: 'void', bytes };
    }
    if (opened.status === 'open') {
      const outer = sealedRecord.safeParse(opened.plaintext);
      if (outer.success && outer.data.expiresAt <= now()) return { status: 'void', bytes };
      const inner = outer.success ? schema.safeParse(outer.data.value) : undefined;
      if (outer.success && inner?.success) {
        const kept = { value: deepFreeze(inner.data), bytes };
        this.#open?.set(name, { kept, expiresAt: outer.data.expiresAt });
        return { status: 'kept', kept };
      }
    }
    const event = opened.status === 'open' ? 'record_form_unknown' : 'record_key_unknown';
    // The id tells which key was dropped too early, and nothing of the key.
    const keyId = opened.status === 'unknown-key' ? opened.keyId : undefined;
    log.error({ event, name, keyId }, 'a record cannot be read here: left as it is');
    return { status: 'unreadable', bytes };
  }
}

/** Nobody may change what others are given too. */
function deepFreeze<V>(value: V): V {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
