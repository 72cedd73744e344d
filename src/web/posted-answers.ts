/** The authority's answers that browsers posted, kept until the browser that began the sign-in asks. */
import { z } from 'zod';
import { SignInFailed } from '../errors.ts';
import type { RecordNames } from '../record-names.ts';
import type { Records } from '../records.ts';
import type { SignInTransactions } from './sign-in-transaction.ts';

/** The form as it came, in the form of a query. */
export const postedAnswerSchema = z.object({ form: z.string() });
export type PostedAnswer = z.output<typeof postedAnswerSchema>;

interface PostedAnswersOptions {
  readonly records: Records<PostedAnswer>;
  readonly names: RecordNames;
  readonly transactions: SignInTransactions;
  readonly now: () => number;
}

/** The browser follows its redirect at once; so long for one that is slow. */
const ANSWER_MS = 5 * 60_000;

/**
 * A form that the authority's page posts comes without this site's cookies, which go along with
 * links only. So it is kept under its `state`, for the request that follows it with them.
 */
export class PostedAnswers {
  readonly #options: PostedAnswersOptions;

  constructor(options: PostedAnswersOptions) {
    this.#options = options;
  }

  /**
   * Keeps the first answer to an open sign-in; any other is passed over.
   *
   * @returns whether it was kept.
   * @throws {Unavailable}
   */
  async keep(state: string, form: URLSearchParams): Promise<boolean> {
    const { records, transactions, now } = this.#options;
    // Whoever posts is not known: only who has begun a sign-in may fill the store.
    if (!(await transactions.isOpen(state))) return false;
    const value = { form: form.toString() };
    const expiresAt = now() + ANSWER_MS;
    return (await records.replace(this.#name(state), undefined, value, expiresAt)) !== undefined;
  }

  /**
   * Takes an answer out of the store, so that it serves once.
   *
   * @throws {SignInFailed} there is none.
   * @throws {Unavailable}
   */
  async take(state: string): Promise<URLSearchParams> {
    const { records } = this.#options;
    const name = this.#name(state);
    const kept = await records.read(name);
    if (kept && (await records.take(name, kept))) return new URLSearchParams(kept.value.form);
    throw new SignInFailed('bad-answer', 'The sign-in could not be verified. Start again.', {
      cause: new Error('sign-in refused: no answer was posted'),
    });
  }

  #name(state: string): string {
    return this.#options.names.forRandomId(state, 'response');
  }
}
