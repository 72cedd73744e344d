/** Bounds every request to a store in time, and sends none while the store is known to be away. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Failure } from './backend.ts';

const LIMIT_MS = 1000;
/** Short, so that a store which only lost a connection is back before its write is given up. */
const FIRST_PAUSE_MS = 50;
const PROBE_PAUSE_MS = 200;
/** Two in a row, so that what an old connection had sent is surely handled before more is sent. */
const ANSWERS = 2;

/** Nothing was changed; `cause` tells why if the message does not. */
export class NotDone extends Error {
  override readonly name = 'NotDone';
}

/** The time is over: what was sent may have been done, or may yet be. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/**
 * To be called just before that is sent which changes something: whether a failure before it is
 * certain to have changed nothing depends on it.
 *
 * @throws {NotDone} the time is over.
 */
export type BeforeWrite = () => void;

interface AnswerWatchOptions {
  /** A request that any store answers, if by a refusal. */
  readonly probe: () => Promise<unknown>;
  /** What a failure of a request means; one that is `down` begins an outage. */
  readonly explain: (error: unknown) => Failure;
  /** As an outage begins, and after each probe that failed: connections may be given up. */
  readonly onAway?: () => void;
  /** How long the store has for its answer. */
  readonly limitMs?: number;
}

/**
 * After a request that was not answered every other fails at once, until the store answers again,
 * for which it is asked five times a second.
 */
export class AnswerWatch {
  readonly #options: AnswerWatchOptions;
  readonly #limitMs: number;
  /** The failure that an outage began with. */
  #outage: { readonly cause: unknown } | undefined;
  #closed = false;

  constructor(options: AnswerWatchOptions) {
    this.#options = options;
    this.#limitMs = options.limitMs ?? LIMIT_MS;
  }

  /** @throws {NotDone} while the store is away. */
  assertReady(): void {
    if (this.#outage) throw new NotDone('it is away', this.#outage);
  }

  /**
   * What `work` gives, if it does so in time: a second from `since` (by `performance.now`).
   *
   * @throws {NotDone} it failed, or was too late, before it wrote.
   */
  async ask<T>(
    work: (beforeWrite: BeforeWrite) => Promise<T>,
    since = performance.now(),
  ): Promise<T> {
    this.assertReady();
    const leftMs = since + this.#limitMs - performance.now();
    if (leftMs <= 0) throw new NotDone('it is too busy');
    let isOver = false;
    let hasWritten = false;
    const beforeWrite = () => {
      if (isOver) throw new NotDone('too late');
      hasWritten = true;
    };
    try {
      return await within(leftMs, () => work(beforeWrite));
    } catch (error) {
      isOver = true;
      // A TypeError is a fault of this code, not of the store.
      if (error instanceof TypeError) throw error;
      if (this.explain(error).state === 'down') this.#onOutage(error);
      throw hasWritten ? error : new NotDone('it was not written', { cause: error });
    }
  }

  explain(error: unknown): Failure {
    if (error instanceof NoAnswer) {
      return { reason: error.message, outcome: 'unknown', state: 'down' };
    }
    if (!(error instanceof NotDone)) return this.#options.explain(error);
    const { reason, state } = this.explain(error.cause ?? new NoAnswer(error.message));
    return { reason, outcome: 'not-done', state };
  }

  /** Ends the probing. */
  close(): void {
    this.#closed = true;
  }

  #onOutage(cause: unknown): void {
    if (this.#outage || this.#closed) return;
    this.#outage = { cause };
    this.#options.onAway?.();
    this.#awaitAnswers().catch(() => undefined);
  }

  async #awaitAnswers(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    for (let answers = 0; answers < ANSWERS; ) {
      await wait(pauseMs, undefined, { ref: false });
      if (this.#closed) return;
      const answered = await this.#isAnswered();
      answers = answered ? answers + 1 : 0;
      pauseMs = answered ? FIRST_PAUSE_MS : PROBE_PAUSE_MS;
      if (!answered && !this.#closed) this.#options.onAway?.();
    }
    this.#outage = undefined;
  }

  async #isAnswered(): Promise<boolean> {
    try {
      await within(this.#limitMs, this.#options.probe);
      return true;
    } catch (error) {
      // A refusal is an answer, of which the operations will hear for themselves.
      return this.explain(error).state !== 'down';
    }
  }
}

/** @throws {NoAnswer} it took longer; it may go on, and nobody hears of it. */
async function within<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    // An answer that came while this process itself was held up is read before the verdict.
    setImmediate(() => late.reject(new NoAnswer('no answer')));
  }, limitMs);
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
