/** The translator of broken exchanges: no answer came, or none that could be read. */
import { Misconfigured, Unavailable } from '../errors.ts';
import { retryAfterSeconds } from '../retry-after.ts';
import { AnswerTooLarge, type HttpAnswer } from './http-exchange.ts';

/** Failures that come before anything was sent; all others may come after. */
const BEFORE_SENDING = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/**
 * What a thrown exchange means. Anything that is not of the network is a bug of ours, and is given
 * back as it is.
 *
 * The network speaks as `TypeError` with a cause; misuse speaks as `TypeError` without one, or
 * with a code of its own.
 */
export function unreachable(error: unknown): unknown {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return unavailable('did not answer in time', 'unknown', error.name);
  }
  if (error instanceof AnswerTooLarge) {
    return unavailable('sent an answer that is too large', 'unknown', error.name);
  }
  if (error instanceof TypeError && error.cause instanceof Error && !('code' in error)) {
    const code = codeOf(error.cause);
    const outcome = BEFORE_SENDING.has(code) ? 'not-done' : 'unknown';
    return unavailable('cannot be reached', outcome, code);
  }
  return error;
}

/** What an answer means that is not the document asked for: later, or never until someone acts. */
export function unusableAnswer(answer: HttpAnswer, what: string, now: number): Error {
  const { status, headers } = answer;
  if (isPassing(status) || status === 200) {
    return new Unavailable('The sign-in service is busy. Try again shortly.', {
      retryAfterSeconds: retryAfterSeconds(headers.get('retry-after'), now),
      cause: new Error(`authority: no ${what} (HTTP ${status})`),
    });
  }
  return new Misconfigured(
    `The authority has no ${what} where it should be (HTTP ${status}): check the authority and its tenant.`,
  );
}

/** Whether a status says "later", whatever the body says. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** The cause is made anew: the original may hold a response, and with it tokens. */
function unavailable(what: string, outcome: 'not-done' | 'unknown', code: string): Unavailable {
  return new Unavailable(`The sign-in service ${what}. Try again shortly.`, {
    outcome,
    cause: new Error(`authority: ${what} (${code})`),
  });
}

function codeOf(cause: Error): string {
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}
