/** Bounds how many sign-ins one browser has open: beginning another drops the oldest. */
import { z } from 'zod';
import type { RecordNames } from '../record-names.ts';
import type { Records } from '../records.ts';

export const openSignInsSchema = z.object({
  /** What they are kept under, oldest first; some may be completed by now, or too old. */
  begun: z.array(z.string()),
});
export type OpenSignInsRecord = z.output<typeof openSignInsSchema>;

interface OpenSignInsOptions {
  readonly records: Records<OpenSignInsRecord>;
  readonly names: RecordNames;
  readonly now: () => number;
  /** How long a sign-in stays open. */
  readonly openMs: number;
}

const MAX_OPEN = 20;
/** Tabs of one browser that begin at the same moment; what they miss, the limit on sign-ins bounds. */
const MAX_ROUNDS = 5;

/** In the store and not in cookies, so that no request header grows. */
export class OpenSignIns {
  readonly #options: OpenSignInsOptions;

  constructor(options: OpenSignInsOptions) {
    this.#options = options;
  }

  /**
   * Notes that a browser has begun the sign-in kept under `name`.
   *
   * @returns the names of those that are too many by now.
   * @throws {Unavailable} the store is away.
   */
  async add(browserId: string, name: string): Promise<readonly string[]> {
    const { records, names, now, openMs } = this.#options;
    const indexName = names.forRandomId(browserId, 'browser');
    const expiresAt = now() + openMs;
    // Most browsers have nothing open, and what cannot be read here must not bar the way.
    const overwriteUnreadable = true;
    const first = { begun: [name] };
    if (await records.replace(indexName, undefined, first, expiresAt, { overwriteUnreadable })) {
      return [];
    }
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const kept = await records.read(indexName);
      const begun = [...(kept?.value.begun ?? []), name];
      const next = { begun: begun.slice(-MAX_OPEN) };
      if (await records.replace(indexName, kept, next, expiresAt)) {
        return begun.slice(0, -MAX_OPEN);
      }
    }
    return [];
  }
}
