/** Remembers for a while what has ended, so that a sign-in begun before cannot bring it back. */
import type { Storage } from './storage/storage.ts';

interface EndMarksOptions {
  readonly storage: Storage;
  readonly now: () => number;
}

/** Longer than a sign-in may take from its beginning to its callback. */
const MARK_MS = 20 * 60_000;

/**
 * Marks are named like records and hold the time of the end, and nothing else: by the clock of the
 * instance that ended it, while a sign-in's beginning is by the clock of the one that began it. With
 * one instance that is exact. With several, a difference of their clocks may let a sign-in through
 * that was begun so little before the end, or refuse one that was begun so little after it, which
 * then has to be begun again.
 */
export class EndMarks {
  readonly #options: EndMarksOptions;

  constructor(options: EndMarksOptions) {
    this.#options = options;
  }

  /**
   * `at` where the end is told of later than it was (epoch milliseconds); an end marked before that
   * came after it stands.
   *
   * @throws {Unavailable} it may not be marked: doing it again is safe.
   */
  async mark(name: string, at?: number): Promise<void> {
    const { storage, now } = this.#options;
    if (at !== undefined && at < now() && (await this.isMarked(name, at))) return;
    await storage.set(name, String(Math.min(now(), at ?? Number.POSITIVE_INFINITY)), MARK_MS);
  }

  /** Whether what `name` stands for has ended at the instant `since` (epoch milliseconds) or later. */
  async isMarked(name: string, since: number): Promise<boolean> {
    const at = await this.#options.storage.get(name);
    return at !== undefined && Number(at) >= since;
  }
}
