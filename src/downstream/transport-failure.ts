/** The failures of a request that an API did not answer, or answered with no status. */
import { ApiFailed, Unavailable } from '../errors.ts';

interface Sent {
  readonly api: string;
  readonly method: string;
}

interface Transport {
  /** Of the HTTP library or the system; nothing else of its error is taken over. */
  readonly code: string;
  readonly timedOut: boolean;
  /** Whether it failed before anything of the request could have left. */
  readonly unsent: boolean;
}

/** Failures before anything of the request could have left. */
const BEFORE_SENDING = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);

/**
 * What stands for an error of an HTTP library: such errors hold the request's headers, and so the
 * access token.
 */
export function transportFailure({ api, method }: Sent, transport: Transport): Error {
  const { code, timedOut, unsent } = transport;
  if (/^(ERR_INVALID|UND_ERR_INVALID)/.test(code)) {
    return new Error(`A request to ${api} is malformed: ${code}`);
  }
  const isUndone = unsent || BEFORE_SENDING.has(code) || method === 'GET' || method === 'HEAD';
  return new Unavailable(
    timedOut ? `${api} did not answer in time.` : `${api} cannot be reached just now.`,
    { outcome: isUndone ? 'not-done' : 'unknown', detail: { api, error: code } },
  );
}

/** Whether a status ends a request (RFC 9110 §15). */
export function isFinalStatus(status: number): boolean {
  return status >= 200 && status <= 599;
}

export function oddStatus({ api }: Sent, apiStatus: number): ApiFailed {
  return new ApiFailed(`${api} answered with a status that is none (${apiStatus}).`, {
    detail: { api, apiStatus, error: 'odd_status' },
  });
}
