/** Repeats a request that met a passing fault, where that is harmless and within the time of its call. */
import type { Clock } from '../clock.ts';
import { Unavailable } from '../errors.ts';
import { retryAfterSeconds } from '../retry-after.ts';
import type { HttpAnswer } from './exchange.ts';
import type { ApiLimits } from './limits.ts';

/** The API says itself that it has done nothing. */
const REFUSED_STATUSES = new Set([429, 503]);
const PASSING_STATUSES = new Set([...REFUSED_STATUSES, 502, 504]);
/** Broken or refused connections, such as a kept one that the API has just closed; no time-outs. */
const PASSING_CODES = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'EAI_AGAIN']);

interface RetryOptions {
  /** Whether a second sending does no harm whatever became of the first. */
  readonly isIdempotent: boolean;
  /** Whether its body can be sent twice. */
  readonly isReplayable: boolean;
  readonly limits: ApiLimits;
  readonly clock: Clock;
  /** On the monotonic clock: no wait may reach it. */
  readonly giveUpAt: number;
}

type Outcome =
  | { readonly answer: HttpAnswer; readonly error?: undefined }
  | { readonly answer?: undefined; readonly error: unknown };

/**
 * The answer to `send`, repeated as often as the limits say. What may not be done twice is repeated
 * only when it was certainly not done: never sent, or refused with the word when to come back.
 *
 * `Retry-After` is obeyed to the letter: when it asks for more time than there is, nothing is sent
 * again and the answer goes to the caller.
 */
export async function withRetries(
  send: () => Promise<HttpAnswer>,
  { isIdempotent, isReplayable, limits, clock, giveUpAt }: RetryOptions,
): Promise<HttpAnswer> {
  const retries = isReplayable ? limits.maxRetries : 0;
  for (let attempt = 0; ; attempt += 1) {
    const outcome = await outcomeOf(send);
    const backoffMs = limits.backoffMs * 2 ** attempt;
    const mayRepeat = attempt < retries && (isIdempotent || isUndone(outcome));
    const pauseMs = mayRepeat ? pauseAfter(outcome, backoffMs, clock.now()) : undefined;
    const isTooLong = (ms: number) => ms > limits.retryWaitMs || clock.monotonic() + ms >= giveUpAt;
    if (pauseMs === undefined || isTooLong(pauseMs)) {
      if (outcome.answer) return outcome.answer;
      throw outcome.error;
    }
    outcome.answer?.body.destroy();
    await clock.sleep(pauseMs);
  }
}

async function outcomeOf(send: () => Promise<HttpAnswer>): Promise<Outcome> {
  try {
    return { answer: await send() };
  } catch (error) {
    // Kept to be looked at, and thrown again when it does not pass.
    return { error };
  }
}

/** Whether it certainly had no effect. */
function isUndone({ answer, error }: Outcome): boolean {
  if (!answer) return error instanceof Unavailable && error.outcome === 'not-done';
  return REFUSED_STATUSES.has(answer.status) && answer.headers['retry-after'] !== undefined;
}

/** Milliseconds to wait before a repetition; `undefined` when it would not help. */
function pauseAfter({ answer, error }: Outcome, backoffMs: number, now: number) {
  if (answer === undefined) {
    const code = error instanceof Unavailable ? error.detail.error : undefined;
    return code !== undefined && PASSING_CODES.has(code) ? backoffMs : undefined;
  }
  if (!PASSING_STATUSES.has(answer.status)) return undefined;
  const seconds = retryAfterSeconds(answer.headers['retry-after'], now);
  return seconds === undefined ? backoffMs : seconds * 1000;
}
