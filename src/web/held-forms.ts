/** Keeps a form whose sending needs the person first, to be offered again when they are back. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { RecordNames } from '../record-names.ts';
import type { Records } from '../records.ts';

export const heldFormSchema = z.object({
  /** Where it is sent to: a path of this site, with its query. */
  path: z.string(),
  fields: z.array(z.tuple([z.string(), z.string()])),
  /** Whose it is; absent when nobody was signed in. */
  accountId: z.string().optional(),
  /** SHA-256 of the browser's transaction cookie. */
  browser: z.string(),
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
  async hold(id: string, browserId: string, form: Omit<HeldForm, 'browser'>): Promise<void> {
    const { records, now } = this.#options;
    const value = { ...form, browser: hash(browserId) };
    const kept = await records.replace(this.#name(id), undefined, value, now() + HELD_MS);
    if (!kept) throw new Error('a new id is already in use');
  }

  /** The form, if it is this browser's and this account's. @throws {Unavailable} */
  async find(
    id: string,
    browserId: string | undefined,
    accountId: string,
  ): Promise<HeldForm | undefined> {
    const form = (await this.#options.records.read(this.#name(id)))?.value;
    const isTheirs = browserId !== undefined && form?.browser === hash(browserId);
    return isTheirs && (form.accountId ?? accountId) === accountId ? form : undefined;
  }

  #name(id: string): string {
    return this.#options.names.forRandomId(id, 'form');
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
