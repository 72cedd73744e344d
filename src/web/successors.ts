/** Remembers for a moment which session goes on from another, for a sign-out that still names the old one. */
import { z } from 'zod';
import { RecordStore } from '../broker/record-store.ts';
import type { RecordNames } from '../record-names.ts';
import type { Records } from '../records.ts';

export const successorSchema = z.object({ next: z.string() });
export type Successor = z.output<typeof successorSchema>;

interface SuccessorsOptions {
  readonly records: Records<Successor>;
  readonly names: RecordNames;
  readonly now: () => number;
}

/** A browser has the new cookie as soon as the answer to its sign-in arrives. */
const REMEMBERED_MS = 60_000;

/** Sessions by name, the hash of their id. What is remembered opens no session. */
export class Successors {
  readonly #names: RecordNames;
  readonly #records: RecordStore<Successor>;

  constructor({ records, names, now }: SuccessorsOptions) {
    this.#names = names;
    this.#records = new RecordStore({ records, expiry: () => now() + REMEMBERED_MS });
  }

  /** Of two that go on from one, the last is remembered. @throws {Unavailable} */
  async note(from: string, next: string): Promise<void> {
    await this.#records.put(this.#nameOf(from), () => ({ next }));
  }

  /** @throws {Unavailable} */
  async of(from: string): Promise<string | undefined> {
    return (await this.#records.read(this.#nameOf(from)))?.next;
  }

  #nameOf(from: string): string {
    return this.#names.forHash(from, 'successor');
  }
}
