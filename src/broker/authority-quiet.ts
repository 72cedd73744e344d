/** The quiet that the authority asks of this site as a whole, kept by all processes. */
import { Unavailable } from '../errors.ts';
import type { RecordNames } from '../record-names.ts';
import type { Storage } from '../storage/storage.ts';

interface AuthorityQuietOptions {
  readonly storage: Storage;
  readonly names: RecordNames;
  readonly now: () => number;
}

/** Where the authority names no time. */
const UNNAMED_SECONDS = 60;
const MAX_SECONDS = 3600;

/**
 * Entra ID throttles a whole tenant with AADSTS90055. While that lasts no process asks that
 * tenant's token endpoint for anything that can wait.
 *
 * It lasts as long as the store keeps it: the clocks of two processes are not compared. The
 * instant in it is only for the hint to callers.
 */
export class AuthorityQuiet {
  readonly #options: AuthorityQuietOptions;

  constructor(options: AuthorityQuietOptions) {
    this.#options = options;
  }

  /** What a request of this tenant would be told. @throws {Unavailable} the store is away. */
  async restraint(tenantId: string | undefined): Promise<Unavailable | undefined> {
    const { storage, names, now } = this.#options;
    const until = await storage.get(names.forSite(tenantId, 'quiet'));
    if (until === undefined) return undefined;
    const seconds = Math.ceil((Number(until) - now()) / 1000);
    const retryAfterSeconds = Math.min(Math.max(seconds || 1, 1), MAX_SECONDS);
    return new Unavailable('The sign-in service is busy. Try again shortly.', {
      retryAfterSeconds,
    });
  }

  /** Keeps quiet if it is asked of all. */
  async note(tenantId: string | undefined, error: unknown): Promise<void> {
    if (!(error instanceof Unavailable && error.isForAll)) return;
    const { storage, names, now } = this.#options;
    const asked = error.isRetryAfterGiven ? error.retryAfterSeconds : UNNAMED_SECONDS;
    const ms = Math.min(asked, MAX_SECONDS) * 1000;
    const name = names.forSite(tenantId, 'quiet');
    const until = now() + ms;
    try {
      const kept = Number(await storage.get(name));
      if (!(kept > until)) await storage.set(name, String(until), ms);
    } catch {
      // Without the note the authority is asked more often, and answers the same.
    }
  }
}
