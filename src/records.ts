/** Records: values of one shape, sealed, with their own expiry, changed only by `replace`. */
import { z } from 'zod';
import type { KeyRing } from './encryption.ts';
import { Unavailable } from './errors.ts';
import type { Log } from './log.ts';
import type { Storage } from './storage/storage.ts';

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

export class Records<T> {
  readonly #options: RecordsOptions<T>;

  constructor(options: RecordsOptions<T>) {
    this.#options = options;
  }

  /**
   * The record, or `undefined` when it is absent, expired or damaged. Nothing is deleted.
   *
   * @throws {Unavailable} the store is away, or the record's key or form is not known here.
   */
  async read(name: string): Promise<Kept<T> | undefined> {
    const read = await this.#read(name);
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
    const { storage } = this.#options;
    if ((await storage.replace(name, expected.bytes, undefined, 1)) === 'replaced') return true;
    return (await storage.get(name)) === undefined;
  }

  async #read(name: string): Promise<Read<T>> {
    const { storage, keyRing, schema, now, log } = this.#options;
    const bytes = await storage.get(name);
    if (bytes === undefined) return { status: 'void', bytes };
    const opened = keyRing.open(name, bytes);
    if (opened.status === 'damaged') {
      log.warn({ event: 'record_damaged', name }, 'a record was altered or moved: taken as absent');
      return { status: 'void', bytes };
    }
    if (opened.status === 'open') {
      const outer = sealedRecord.safeParse(opened.plaintext);
      if (outer.success && outer.data.expiresAt <= now()) return { status: 'void', bytes };
      const inner = outer.success ? schema.safeParse(outer.data.value) : undefined;
      if (inner?.success) return { status: 'kept', kept: { value: inner.data, bytes } };
    }
    const event = opened.status === 'open' ? 'record_form_unknown' : 'record_key_unknown';
    // The id tells which key was dropped too early, and nothing of the key.
    const keyId = opened.status === 'unknown-key' ? opened.keyId : undefined;
    log.error({ event, name, keyId }, 'a record cannot be read here: left as it is');
    return { status: 'unreadable', bytes };
  }
}
