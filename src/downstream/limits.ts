/** How long and how large a call to an API may be. */
export interface ApiLimits {
  /** Each of name lookup, TCP connection and TLS handshake. */
  readonly connectMs: number;
  /** From the request sent to the first byte of the answer. */
  readonly responseMs: number;
  /** A whole JSON call: retries, redirects and body included. */
  readonly requestMs: number;
  /** Silence on a connection while a body is under way. */
  readonly idleMs: number;
  /** The same for what is passed on as it is, where an API may have nothing to say for a while. */
  readonly relayIdleMs: number;
  readonly maxRetries: number;
  /** The longest `Retry-After` that is waited for; a longer one is handed to the caller. */
  readonly retryWaitMs: number;
  /** The first pause before a retry when the API names none; doubled each time. */
  readonly backoffMs: number;
  readonly jsonBytes: number;
  readonly streamBytes: number;
}

export const defaultLimits: ApiLimits = {
  connectMs: 2_000,
  responseMs: 15_000,
  requestMs: 20_000,
  idleMs: 30_000,
  relayIdleMs: 120_000,
  maxRetries: 2,
  retryWaitMs: 5_000,
  backoffMs: 250,
  jsonBytes: 2 * 1024 * 1024,
  streamBytes: 25 * 1024 * 1024,
};
