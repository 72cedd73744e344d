/** Makes an API's answer that is no good into a failure that says what it was. */
import { z } from 'zod';
import { ApiFailed, type ErrorDetail, Unavailable } from '../errors.ts';
import { retryAfterSeconds } from '../retry-after.ts';
import { readStart } from './bounded-body.ts';
import type { HttpAnswer } from './exchange.ts';
import { missingScopes } from './www-authenticate.ts';

/** Only what looks like a code is taken over: a text could repeat what was sent. */
const errorCode = z.string().regex(/^[A-Za-z][\w.-]{0,63}$/);
/** Graph's form, and the one of OAuth (RFC 6750 §3.1 in a body). */
const errorBody = z.union([
  z.object({ error: z.object({ code: errorCode }) }).transform(({ error }) => error.code),
  z.object({ error: errorCode }).transform(({ error }) => error),
]);
const requestId = z.string().regex(/^[\w.-]{1,64}$/);
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * The failure that stands for `answer`, whose body is read or let go.
 *
 * 429 and 503 are passing faults and become `Unavailable`; all else is `ApiFailed`.
 */
export async function apiFailure(
  api: string,
  answer: HttpAnswer,
  { now, correlationId }: { now: number; correlationId?: string | undefined },
): Promise<ApiFailed | Unavailable> {
  const detail = detailOf(api, answer, await errorCodeOf(answer), correlationId);
  if (answer.status === 429 || answer.status === 503) {
    return new Unavailable(
      answer.status === 429
        ? `${api} has been asked too often just now.`
        : `${api} is not available just now.`,
      { detail, retryAfterSeconds: retryAfterSeconds(answer.headers['retry-after'], now) },
    );
  }
  return new ApiFailed(meaningOf(api, answer), { detail });
}

/** The failure of an answer whose status is good and whose content is not what was asked for. */
export function contentFailure(api: string, answer: HttpAnswer, correlationId?: string): ApiFailed {
  const detail = detailOf(api, answer, 'unexpected_content', correlationId);
  return new ApiFailed(`${api} answered with something other than what was asked for.`, { detail });
}

/** The failure of JSON that is not what the API is known to answer. */
export function unexpectedShape(api: string, correlationId?: string): ApiFailed {
  return new ApiFailed(`${api} answered with something other than what was asked for.`, {
    detail: { api, error: 'unexpected_shape', ...(correlationId ? { correlationId } : {}) },
  });
}

/** The failure of a challenge that comes back though it was answered: no third token helps. */
export function stillChallenged(api: string, detail: ErrorDetail): ApiFailed {
  return new ApiFailed(
    `${api} wants more than a new sign-in gives. Perhaps your organisation allows this from certain networks or devices only.`,
    { detail: { ...detail, error: 'insufficient_claims' } },
  );
}

function meaningOf(api: string, { status, headers }: HttpAnswer): string {
  const missing = status === 403 ? missingScopes(headers['www-authenticate']) : [];
  if (missing.length > 0) {
    return `${api} does not let you do this. It wants the permission ${missing.join(', ')}.`;
  }
  if (status === 401) return `${api} does not accept the access token it was sent.`;
  if (status === 403) return `${api} does not let you do this.`;
  if (status === 404) return `${api} has nothing at this place.`;
  if (status >= 500) return `${api} has a fault of its own (${status}). Please try again later.`;
  return `${api} refused the request (${status}).`;
}

function detailOf(
  api: string,
  { status, headers }: HttpAnswer,
  error: string | undefined,
  correlationId: string | undefined,
): ErrorDetail {
  const theirs = requestId.safeParse(headers['request-id'] ?? headers['x-ms-request-id']).data;
  const id = theirs ?? correlationId;
  return {
    api,
    apiStatus: status,
    ...(error === undefined ? {} : { error }),
    ...(id === undefined ? {} : { correlationId: id }),
  };
}

async function errorCodeOf({ body }: HttpAnswer): Promise<string | undefined> {
  try {
    const text = (await readStart(body, MAX_ERROR_BYTES)).toString('utf8');
    return errorBody.safeParse(JSON.parse(text)).data;
  } catch {
    // Broken off or not JSON: the status says enough, and the text is never shown.
    return undefined;
  } finally {
    body.destroy();
  }
}
