/** The authority's error answers as they are read: OAuth's fields and those that Entra ID adds. */
import { z } from 'zod';
import { isClaimsRequest } from '../claims-request.ts';
import type { ErrorDetail } from '../errors.ts';

/** What an error answer of the token endpoint says (RFC 6749 §5.2, and Entra ID's own members). */
export interface ErrorBody {
  readonly error: string;
  readonly suberror: string | undefined;
  /** A claims request, as JSON text, that the next sign-in has to carry. */
  readonly claims: string | undefined;
  readonly errorCodes: readonly number[] | undefined;
  readonly detail: ErrorDetail;
}

/** Error codes are short words; anything else is not written to a log. */
const word = z.string().regex(/^[\w.:-]{1,100}$/);
const optionalWord = word.optional().catch(undefined);
const optionalText = z.string().max(100).optional().catch(undefined);

const bodySchema = z.object({
  error: word,
  suberror: optionalWord,
  claims: z.string().max(10_000).refine(isClaimsRequest).optional().catch(undefined),
  error_codes: z.array(z.number()).max(20).optional().catch(undefined),
  trace_id: optionalWord,
  correlation_id: optionalWord,
  timestamp: optionalText,
});

/** `undefined` if the answer is not an OAuth error. */
export function readErrorBody(json: unknown): ErrorBody | undefined {
  const parsed = bodySchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { error, suberror, claims, error_codes, trace_id, correlation_id, timestamp } = parsed.data;
  return {
    error,
    suberror: suberror || undefined,
    claims,
    errorCodes: error_codes,
    detail: detailOf(error, error_codes, trace_id, correlation_id, timestamp),
  };
}

/**
 * What a callback's error says, for the log. Entra ID puts its identifiers into the description;
 * nothing is decided by them.
 */
export function readCallbackError(callback: URLSearchParams): ErrorDetail {
  const text = (callback.get('error_description') ?? '').slice(0, 4000);
  const [, code] = /\bAADSTS(\d{4,8})\b/.exec(text) ?? [];
  const [, traceId] = /Trace ID: ([0-9a-f-]{36})/i.exec(text) ?? [];
  const [, correlationId] = /Correlation ID: ([0-9a-f-]{36})/i.exec(text) ?? [];
  const [, timestamp] = /Timestamp: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ)/.exec(text) ?? [];
  const error = word.safeParse(callback.get('error')).data ?? 'unreadable';
  return detailOf(error, code ? [Number(code)] : undefined, traceId, correlationId, timestamp);
}

function detailOf(
  error: string,
  errorCodes: readonly number[] | undefined,
  traceId: string | undefined,
  correlationId: string | undefined,
  timestamp: string | undefined,
): ErrorDetail {
  return {
    error,
    ...(errorCodes && { errorCodes }),
    ...(traceId && { traceId }),
    ...(correlationId && { correlationId }),
    ...(timestamp && { timestamp }),
  };
}
