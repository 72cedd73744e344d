/** Repeats a reading request that met a passing fault, within the time of its call. */
import type { Clock } from '../clock.ts';
import { Unavailable } from '../errors.ts';
import { retryAfterSeconds } from '../retry-after.ts';
import type { HttpAnswer } from './exchange.ts';
import type { ApiLimits } from './limits.ts';

const MAX_RETRIES = 2;
const PASSING_STATUSES = new Set([429, 502, 503, 504]);
/** Broken or refused connections, such as a kept one that the API has just closed; no time-outs. */
const PASSING_CODES = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'EAI_AGAIN']);

interface RetryOptions {
  readonly method: string;
  readonly limits: ApiLimits;
  readonly clock: Clock;
  /** On the monotonic clock: no wait may reach it. */
  readonly giveUpAt: number;
}

type Outcome =
  | { readonly answer: HttpAnswer; readonly error?: undefined }
  | { readonly answer?: undefined; readonly error: unknown };

/**
 * The answer to `send`, repeated at most twice for `GET` and `HEAD`.
 *
 * `Retry-After` is obeyed to the letter: when it asks for more time than there is, nothing is sent
 * again and the answer goes to the caller.
 */
export async function withRetries(
  send: () => Promise<HttpAnswer>,
  { method, limits, clock, giveUpAt }: RetryOptions,
): Promise<HttpAnswer> {
  const retries = method === 'GET' || method === 'HEAD' ? MAX_RETRIES : 0;
  for (let attempt = 0; ; attempt += 1) {
    const outcome = await outcomeOf(send);
    const backoffMs = limits.backoffMs * 2 ** attempt;
    const pauseMs = attempt < retries ? pauseAfter(outcome, backoffMs, clock.now()) : undefined;
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
