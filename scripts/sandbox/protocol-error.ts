/** Protocol errors with AADSTS numbers, in the shape in which Entra ID sends them. */
import { randomUUID } from 'node:crypto';
import { knownErrors } from './known-errors.ts';

/** A request refused, with the number that Entra ID documents for it. */
export class ProtocolError extends Error {
  readonly number: number;
  readonly error: string;
  readonly status: number;
  readonly suberror: string | undefined;
  readonly claims: string | undefined;

  constructor(number: number, given: { error?: string; detail?: string; claims?: string } = {}) {
    const known = knownErrors[number];
    super(`AADSTS${number}: ${given.detail ?? known?.text ?? 'The request failed.'}`);
    this.name = 'ProtocolError';
    this.number = number;
    this.error = given.error ?? known?.error ?? 'invalid_request';
    this.status = known?.status ?? 400;
    this.suberror = known?.suberror;
    this.claims = given.claims;
  }
}

/** Why and when, as every error tells. */
export interface Trace {
  readonly traceId: string;
  readonly correlationId: string;
  readonly timestamp: string;
}

/** A new trace; `correlationId` echoes the caller's `client-request-id`. */
export function traceOf(now: number, correlationId: string | undefined): Trace {
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  return { traceId: randomUUID(), correlationId: correlationId || randomUUID(), timestamp };
}

export const describeError = (error: ProtocolError, trace: Trace): string =>
  `${error.message} Trace ID: ${trace.traceId} Correlation ID: ${trace.correlationId} Timestamp: ${trace.timestamp}`;

/** The JSON body of a token endpoint's error. */
export function errorBody(error: ProtocolError, trace: Trace, authority: URL): object {
  return {
    error: error.error,
    error_description: describeError(error, trace),
    error_codes: [error.number],
    timestamp: trace.timestamp,
    trace_id: trace.traceId,
    correlation_id: trace.correlationId,
    error_uri: new URL(`/error?code=${error.number}`, authority).href,
    ...(error.suberror && { suberror: error.suberror }),
    ...(error.claims && { claims: error.claims }),
  };
}
