/** Keeps a form whose sending needs the person first, to be offered again when they are back. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { RecordNames } from '../record-names.ts';
import type { Records } from '../records.ts';

export const heldFormSchema = z.object({
  /** Where it is sent to: a path of this site, with its query. */
  path: z.string(),
  fields: z.array(z.tuple([z.string(), z.string()])),
  /** Whose it is; absent when nobody was signed in, and nobody has looked at it since. */
  accountId: z.string().optional(),
  /** SHA-256 of the browser's transaction cookie. */
  browser: z.string(),
  /** Epoch milliseconds. */
  until: z.number(),
});
export type HeldForm = z.output<typeof heldFormSchema>;

interface HeldFormsOptions {
  readonly records: Records<HeldForm>;
  readonly names: RecordNames;
  readonly now: () => number;
}

/** As long as a sign-in may take, and a little to look at what was written. */
const HELD_MS = 30 * 60_000;

/** What a person wrote is shown again to them alone: in the same browser, as the same account. */
export class HeldForms {
  readonly #options: HeldFormsOptions;

  constructor(options: HeldFormsOptions) {
    this.#options = options;
  }

  /** @throws {Unavailable} it was not kept. */
  async hold(
    id: string,
    browserId: string,
    form: Omit<HeldForm, 'browser' | 'until'>,
  ): Promise<void> {
    const { records, now } = this.#options;
    const until = now() + HELD_MS;
    const value = { ...form, browser: hash(browserId), until };
    const kept = await records.replace(this.#name(id), undefined, value, until);
    if (!kept) throw new Error('a new id is already in use');
  }

  /**
   * The form, if it is this browser's and this account's; one that nobody was signed in for becomes
   * that of whom it is shown to first. @throws {Unavailable}
   */
  async find(
    id: string,
    browserId: string | undefined,
    accountId: string,
  ): Promise<HeldForm | undefined> {
    const { records } = this.#options;
    const kept = await records.read(this.#name(id));
    if (!kept || browserId === undefined || kept.value.browser !== hash(browserId))
      return undefined;
    if (kept.value.accountId !== undefined) {
      return kept.value.accountId === accountId ? kept.value : undefined;
    }
    const theirs = { ...kept.value, accountId };
    const written = await records.replace(this.#name(id), kept, theirs, theirs.until);
    return written ? theirs : undefined;
  }

  #name(id: string): string {
    return this.#options.names.forRandomId(id, 'form');
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
