/** Keeps sessions; a session that was ended stays ended, whoever still holds a copy. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RecordNames } from '../record-names.ts';
import type { Kept, Records } from '../records.ts';
import type { ReadOptions } from '../storage/storage.ts';
import { type SessionRecord, sessionName, sessionSchema, withoutAccount } from './session.ts';

interface SessionStoreOptions {
  readonly records: Records<SessionRecord>;
  readonly names: RecordNames;
  readonly now: () => number;
  readonly log: Log;
  readonly idleMinutes: number;
  readonly absoluteHours: number;
}

const MAX_ATTEMPTS = 10;
const dataSchema = z.object({ record: sessionSchema.optional() });

/**
 * The sessions in the store.
 *
 * What a request read is remembered with it, and its write replaces exactly that: so a request
 * still under way at sign-out cannot bring the session back.
 */
export class SessionStore {
  readonly #options: SessionStoreOptions;
  readonly #reads = new WeakMap<object, Map<string, Kept<SessionRecord>>>();

  constructor(options: SessionStoreOptions) {
    this.#options = options;
  }

  /** @throws {Unavailable} the store does not answer: nobody is taken for signed out. */
  async get(id: string, ctx: object, { near = false }: ReadOptions = {}) {
    const { records } = this.#options;
    let kept = await records.read(this.#name(id), { near });
    // A copy near at hand may only say yes: it may be older than the session.
    if (!kept && near) kept = await records.read(this.#name(id));
    if (kept) this.#remember(ctx, sessionName(id), kept);
    return kept && { record: kept.value };
  }

  /** Keeps a new session, before any older one is ended. @throws {Unavailable} it was not kept. */
  async create(id: string, record: SessionRecord, ctx: object): Promise<void> {
    const { records } = this.#options;
    const kept = await records.replace(this.#name(id), undefined, record, this.#expiresAt(record));
    if (!kept) throw new Error('a new session id is already in use');
    this.#remember(ctx, sessionName(id), kept);
  }

  /** Writes what a request changed; dropped if the session was changed or ended meanwhile. */
  async set(id: string, data: unknown, ctx: object): Promise<void> {
    const { records, log } = this.#options;
    const { record } = dataSchema.parse(data);
    const read = this.#reads.get(ctx)?.get(sessionName(id));
    if (!record || !read || isDeepStrictEqual(record, read.value)) return;
    try {
      const expiresAt = this.#expiresAt(record);
      const kept = await records.replace(this.#name(id), read, record, expiresAt);
      if (kept) this.#remember(ctx, sessionName(id), kept);
      else log.info({ event: 'session_write_dropped' }, 'a session was changed meanwhile');
    } catch (error) {
      // Only the time of the last visit is lost; the request itself went well.
      if (!(error instanceof Unavailable)) throw error;
      log.warn({ event: 'session_write_failed' }, 'a session could not be written');
    }
  }

  /** Ends a session, against any write under way. @throws {Unavailable} it may not be ended. */
  async destroy(id: string, ctx: object): Promise<void> {
    const { records } = this.#options;
    let kept = this.#reads.get(ctx)?.get(sessionName(id));
    this.#reads.get(ctx)?.delete(sessionName(id));
    for (let attempt = 0; kept && attempt < MAX_ATTEMPTS; attempt += 1) {
      if (await records.remove(this.#name(id), kept)) return;
      kept = await records.read(this.#name(id));
    }
    if (kept) throw busy();
  }

  /** The session of this name, the hash of its id. @throws {Unavailable} */
  async look(name: string, options?: ReadOptions): Promise<SessionRecord | undefined> {
    return (await this.#options.records.read(this.#recordOf(name), options))?.value;
  }

  /**
   * Takes an account out of the session of this name, whoever writes it meanwhile; the last account
   * takes the session with it.
   *
   * @returns whether it was in it: of several who do this at once, one is told so.
   * @throws {Unavailable} it may still be in it.
   */
  async leave(name: string, accountId: string, ctx?: object): Promise<boolean> {
    const { records } = this.#options;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const kept = await records.read(this.#recordOf(name));
      if (!kept?.value.accounts.some(({ id }) => id === accountId)) return false;
      const left = withoutAccount(kept.value, accountId);
      const written = left
        ? await records.replace(this.#recordOf(name), kept, left, this.#expiresAt(left))
        : await records.take(this.#recordOf(name), kept);
      if (!written) continue;
      // The request's own write, if it changes nothing else, has nothing more to do then.
      if (ctx && written !== true) this.#remember(ctx, name, written);
      return true;
    }
    throw busy();
  }

  /**
   * Has another account of a session in use, whoever writes it meanwhile.
   *
   * @returns the session as it is now; `undefined` if the account is not in it any more.
   * @throws {Unavailable} the one before may still be in use.
   */
  async choose(
    id: string,
    { accountId, csrf }: { readonly accountId: string; readonly csrf: string },
    ctx: object,
  ): Promise<SessionRecord | undefined> {
    const choice = (record: SessionRecord) =>
      record.accounts.some((account) => account.id === accountId)
        ? { ...record, active: accountId, csrf }
        : undefined;
    return await this.change(id, choice, ctx);
  }

  /**
   * Changes a session as it is kept now, whoever writes it meanwhile.
   *
   * With `ctx`, the request goes on with what was written.
   *
   * @returns what was written; `undefined` if it has ended, or `changed` gives nothing.
   * @throws {Unavailable} it may not be written.
   */
  async change(
    id: string,
    changed: (record: SessionRecord) => SessionRecord | undefined,
    ctx?: object,
  ): Promise<SessionRecord | undefined> {
    const { records } = this.#options;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const kept = await records.read(this.#name(id));
      const next = kept && changed(kept.value);
      if (!next) return undefined;
      const written = await records.replace(this.#name(id), kept, next, this.#expiresAt(next));
      if (!written) continue;
      if (ctx) this.#remember(ctx, sessionName(id), written);
      return next;
    }
    throw new Unavailable('Your session could not be changed just now. Please try again.');
  }

  #remember(ctx: object, name: string, kept: Kept<SessionRecord>): void {
    const reads = this.#reads.get(ctx) ?? new Map<string, Kept<SessionRecord>>();
    this.#reads.set(ctx, reads.set(name, kept));
  }

  #name(id: string): string {
    return this.#recordOf(sessionName(id));
  }

  #recordOf(name: string): string {
    return this.#options.names.forHash(name, 'session');
  }

  /** With the account that lasts longest, or sooner when nobody is there. */
  #expiresAt({ accounts, createdAt, seenAt }: SessionRecord): number {
    const { idleMinutes, absoluteHours } = this.#options;
    const byDefault = createdAt + absoluteHours * 3_600_000;
    const ends = accounts.map(({ endsAt = byDefault }) => endsAt);
    return Math.min(Math.max(...ends), seenAt + idleMinutes * 60_000);
  }
}

function busy(): Unavailable {
  return new Unavailable('You could not be signed out just now. Please try again.');
}
