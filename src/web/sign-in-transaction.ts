/** The memory between a sign-in's start and its callback: one transaction for each `state`. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { RecordNames } from '../record-names.ts';
import type { Records } from '../records.ts';
import type { OpenSignIns } from './open-sign-ins.ts';

export const transactionSchema = z.object({
  nonce: z.string(),
  codeVerifier: z.string(),
  returnTo: z.string(),
  scopes: z.array(z.string()),
  claims: z.string().optional(),
  /** Consent or step-up is for this account, and no other. */
  expectedAccountId: z.string().optional(),
  /** When it was begun (epoch milliseconds): what is ended later ends it too. */
  begunAt: z.number().default(0),
  /** What the settings called the authority, and this site there; older ones do not tell. */
  authority: z.string().optional(),
  /** Whether a page or an API asked for it, so that the same thing asked again is a loop. */
  isChallenge: z.boolean(),
  /** SHA-256 of the browser's transaction cookie. */
  browser: z.string(),
});
export type Transaction = z.output<typeof transactionSchema>;

export type Taken =
  | { readonly status: 'taken'; readonly transaction: Transaction }
  /** Never begun, taken before, or too old. */
  | { readonly status: 'missing' }
  /** Begun by another browser, and left for that one. */
  | { readonly status: 'wrong-browser' };

export const TRANSACTION_MS = 15 * 60_000;

interface SignInTransactionsOptions {
  readonly records: Records<Transaction>;
  readonly openSignIns: OpenSignIns;
  readonly names: RecordNames;
  readonly now: () => number;
}

/** Open sign-ins, each bound to the browser that began it; several tabs may have one each. */
export class SignInTransactions {
  readonly #options: SignInTransactionsOptions;

  constructor(options: SignInTransactionsOptions) {
    this.#options = options;
  }

  /** @throws {Unavailable} the store did not take it. */
  async begin(
    state: string,
    browserId: string,
    transaction: Omit<Transaction, 'browser' | 'begunAt'>,
  ): Promise<void> {
    const { records, openSignIns, now } = this.#options;
    const name = this.#name(state);
    const value = { ...transaction, browser: hash(browserId), begunAt: now() };
    const kept = await records.replace(name, undefined, value, now() + TRANSACTION_MS);
    if (!kept) throw new Error('a new state is already in use');
    const tooMany = await openSignIns.add(browserId, name);
    await Promise.all(tooMany.map((each) => records.erase(each)));
  }

  /** Whether a sign-in was begun with this state and may still be completed. @throws {Unavailable} */
  async isOpen(state: string): Promise<boolean> {
    return (await this.#options.records.read(this.#name(state))) !== undefined;
  }

  /** Takes a transaction out of the store, so that it serves once. @throws {Unavailable} */
  async take(state: string, browserId: string | undefined): Promise<Taken> {
    const { records } = this.#options;
    const name = this.#name(state);
    const kept = await records.read(name);
    if (!kept) return { status: 'missing' };
    if (browserId === undefined || kept.value.browser !== hash(browserId)) {
      return { status: 'wrong-browser' };
    }
    // Of two callbacks at once one takes it: "already gone" is no success here.
    return (await records.take(name, kept))
      ? { status: 'taken', transaction: kept.value }
      : { status: 'missing' };
  }

  #name(state: string): string {
    return this.#options.names.forRandomId(state, 'transaction');
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
