/** Finds the sessions that began in one session at the authority (`sid`), which it names at sign-out. */
import { z } from 'zod';
import { RecordStore } from '../broker/record-store.ts';
import type { EndMarks } from '../end-marks.ts';
import type { RecordNames } from '../record-names.ts';
import type { Records } from '../records.ts';

const entrySchema = z.object({
  /** The session's name: the hash of its id. */
  session: z.string(),
  accountId: z.string(),
  epoch: z.string(),
  iss: z.string(),
  endsAt: z.number(),
});
export const sidEntriesSchema = z.array(entrySchema);
/** An account's part of a session that began there. */
export type SidEntry = z.output<typeof entrySchema>;

/** A session at the authority that has ended there, as the authority says. */
export interface EndedAtAuthority {
  readonly sid: string;
  readonly iss?: string | undefined;
  /** Of this account only. */
  readonly accountId?: string | undefined;
}

interface SidIndexOptions {
  readonly records: Records<SidEntry[]>;
  readonly marks: EndMarks;
  readonly names: RecordNames;
  readonly now: () => number;
}

/** One browser has seldom more than one; past them the oldest makes room. */
const MAX_ENTRIES = 20;

/** Entra ID's sign-out names a `sid` and nothing else, and its request brings no cookie. */
export class SidIndex {
  readonly #options: SidIndexOptions;
  readonly #entries: RecordStore<SidEntry[]>;

  constructor(options: SidIndexOptions) {
    this.#options = options;
    this.#entries = new RecordStore({
      records: options.records,
      expiry: (entries) =>
        entries.length === 0 ? undefined : Math.max(...entries.map(({ endsAt }) => endsAt)),
    });
  }

  /** @throws {Unavailable} */
  async add(sid: string, entry: SidEntry): Promise<void> {
    const now = this.#options.now();
    await this.#entries.put(this.#name(sid), (entries = []) => {
      const isOld = ({ session, accountId, endsAt }: SidEntry) =>
        endsAt <= now || (accountId === entry.accountId && session === entry.session);
      return [...entries.filter((each) => !isOld(each)), entry].slice(-MAX_ENTRIES);
    });
  }

  /** Whether anything is kept of this session. @throws {Unavailable} */
  async isKnown(sid: string): Promise<boolean> {
    return (await this.#entries.read(this.#name(sid))) !== undefined;
  }

  /**
   * Whether the authority has ended this session at `since` or later, or this account's part of it.
   *
   * @throws {Unavailable}
   */
  async isEnded(sid: string, accountId: string, since: number): Promise<boolean> {
    const names = [this.#markOf(sid), this.#markOf(sid, accountId)];
    const marked = names.map((name) => this.#options.marks.isMarked(name, since));
    return (await Promise.all(marked)).includes(true);
  }

  /**
   * Notes that the authority has ended this session, so that no sign-in under way completes in it,
   * and gives what began in it: of this account only, if it is named. `iss`, if given, must be theirs.
   *
   * @throws {Unavailable}
   */
  async end({ sid, iss, accountId }: EndedAtAuthority): Promise<readonly SidEntry[]> {
    const isIts = (entry: SidEntry) => iss === undefined || entry.iss === iss;
    const before = iss === undefined ? undefined : await this.#entries.read(this.#name(sid));
    // Another issuer's: whoever made this up, or means another authority, ends nothing here.
    if (before && !before.some(isIts)) return [];
    // In this order, against a sign-in that adds its entry and then looks for the mark.
    await this.#options.marks.mark(this.#markOf(sid, accountId));
    const entries = (await this.#entries.read(this.#name(sid))) ?? [];
    return entries.filter(
      (entry) => isIts(entry) && (accountId === undefined || entry.accountId === accountId),
    );
  }

  /** Forgets entries whose sessions have ended. @throws {Unavailable} */
  async remove(
    sid: string,
    ended: readonly Pick<SidEntry, 'session' | 'accountId'>[],
  ): Promise<void> {
    const isEnded = ({ session, accountId }: SidEntry) =>
      ended.some((each) => each.session === session && each.accountId === accountId);
    await this.#entries.change(this.#name(sid), (entries) => {
      const left = entries.filter((entry) => !isEnded(entry));
      return left.length < entries.length ? left : undefined;
    });
  }

  #name(sid: string): string {
    return this.#options.names.forRandomId(sid, 'sid');
  }

  /** What is ended for one account has a mark of its own. */
  #markOf(sid: string, accountId?: string): string {
    const id = accountId === undefined ? sid : JSON.stringify([sid, accountId]);
    return this.#options.names.forRandomId(id, 'ended-sid');
  }
}
