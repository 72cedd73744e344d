/** Keeps one API that is slow or dead from holding up the site: bounds those who wait for it, and rests it. */
import type { Clock } from '../clock.ts';
import { Unavailable } from '../errors.ts';

interface ApiGuardOptions {
  readonly api: string;
  readonly maxConcurrent: number;
  readonly clock: Clock;
}

interface Run {
  readonly signal: AbortSignal | undefined;
  /** Whether it waits for its own body first, however long that takes to come. */
  readonly isUpload?: boolean;
}

/** So many failures in a row, with no answer between them, are taken for an outage. */
const FAILURES = 10;
const REST_MS = 5000;

/**
 * Counts calls that wait for the headers of an answer; a body under way waits for nobody, and an
 * upload for its sender. An answer of any status is a sign of life: what one person is refused says
 * nothing of the others.
 */
export class ApiGuard {
  readonly #options: ApiGuardOptions;
  #waiting = 0;
  #failures = 0;
  /** Until when it is left alone, on the monotonic clock. */
  #restsUntil = 0;

  constructor(options: ApiGuardOptions) {
    this.#options = options;
  }

  /** What `send` gives. @throws {Unavailable} too many wait already, or it did not answer lately. */
  async run<T>(send: () => Promise<T>, { signal, isUpload = false }: Run): Promise<T> {
    this.#enter();
    const places = isUpload ? 0 : 1;
    this.#waiting += places;
    try {
      const answer = await send();
      this.#failures = 0;
      return answer;
    } catch (error) {
      // Who goes away early says nothing of the API.
      if (error instanceof Unavailable && !signal?.aborted) this.#onFailure();
      throw error;
    } finally {
      this.#waiting -= places;
    }
  }

  #enter(): void {
    const { api, clock, maxConcurrent } = this.#options;
    const restMs = this.#restsUntil - clock.monotonic();
    if (this.#failures >= FAILURES && restMs > 0) {
      throw new Unavailable(`${api} has not answered lately, and is left alone for a moment.`, {
        retryAfterSeconds: Math.ceil(restMs / 1000),
        detail: { api, error: 'resting' },
      });
    }
    if (this.#waiting >= maxConcurrent) {
      throw new Unavailable(`Too many calls wait for ${api} just now.`, {
        detail: { api, error: 'too_many_waiting' },
      });
    }
    // After a rest one call goes ahead, and the others wait for how it fares.
    if (this.#failures >= FAILURES) this.#restsUntil = clock.monotonic() + REST_MS;
  }

  #onFailure(): void {
    this.#failures += 1;
    if (this.#failures >= FAILURES) this.#restsUntil = this.#options.clock.monotonic() + REST_MS;
  }
}
