/** Sends one HTTP request to an API: always with time-outs, never with a redirect followed. */
import type { Duplex, Readable } from 'node:stream';
import got, { RequestError, TimeoutError } from 'got';
import { ApiFailed, Unavailable } from '../errors.ts';
import { boundedBody } from './bounded-body.ts';
import type { ApiLimits } from './limits.ts';

export interface HttpRequest {
  /** The name of the API, for failures. */
  readonly api: string;
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Readable | Buffer | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The time for all of it, body of the answer included; without it silence is limited, not time. */
  readonly totalMs?: number | undefined;
  /** The largest body, decompressed; a longer one fails while it is read. */
  readonly maxBytes: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Of the body as it is read: not those of a compression already undone. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

/** Failures before anything of the request could have left. */
const BEFORE_SENDING = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);
const CONNECTING = new Set(['lookup', 'connect', 'secureConnect']);

/**
 * The answer to a request, whatever its status, as soon as its headers are here.
 *
 * The errors of the HTTP library hold the request's headers, and so the access token: only their
 * codes are taken over.
 *
 * @throws {Unavailable} the API cannot be reached, is silent or breaks off.
 * @throws {ApiFailed} a good answer announces a body larger than the limit, or the status is none
 *   that ends a request (RFC 9110 §15).
 */
export function exchange(request: HttpRequest, limits: ApiLimits): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const stream = got.stream(request.url, optionsOf(request, limits));
  const refuse = (status: number) => {
    stream.destroy();
    reject(oddStatus(request, status));
  };
  stream.on('error', (error: unknown) => reject(asOwnError(request, error)));
  // No response comes after it, and no time-out ends it.
  stream.once('upgrade', (_response: unknown, socket: Duplex) => {
    socket.destroy();
    refuse(101);
  });
  stream.once('response', ({ statusCode, headers }) => {
    if (statusCode < 200 || statusCode > 599) {
      refuse(statusCode);
      return;
    }
    const ok = statusCode >= 200 && statusCode < 300;
    if (ok && request.method !== 'HEAD' && Number(headers['content-length']) > request.maxBytes) {
      stream.destroy();
      reject(tooLarge(request));
      return;
    }
    const body = boundedBody(stream, request.maxBytes, {
      tooLarge: () => tooLarge(request),
      broken: (cause) => asOwnError(request, cause),
    });
    resolve({ status: statusCode, headers, body });
  });
  return promise;
}

function optionsOf(request: HttpRequest, limits: ApiLimits) {
  const readsOnly = request.method === 'GET' || request.method === 'HEAD';
  return {
    method: request.method,
    headers: request.headers,
    // Without a body the library would wait for one to be written.
    ...(readsOnly ? {} : { body: request.body ?? Buffer.alloc(0) }),
    ...(request.signal ? { signal: request.signal } : {}),
    timeout: {
      lookup: limits.connectMs,
      connect: limits.connectMs,
      secureConnect: limits.connectMs,
      response: limits.responseMs,
      socket: limits.idleMs,
      ...(request.totalMs === undefined ? {} : { request: Math.max(request.totalMs, 1) }),
    },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
  };
}

function asOwnError({ api, method }: HttpRequest, error: unknown): Error {
  if (error instanceof ApiFailed || error instanceof Unavailable) return error;
  const code = error instanceof RequestError ? error.code : 'ERR_UNKNOWN';
  if (code.startsWith('ERR_INVALID')) return new Error(`A request to ${api} is malformed: ${code}`);
  const timedOut = error instanceof TimeoutError;
  const unsent = timedOut ? CONNECTING.has(error.event) : BEFORE_SENDING.has(code);
  const reads = method === 'GET' || method === 'HEAD';
  return new Unavailable(
    timedOut ? `${api} did not answer in time.` : `${api} cannot be reached just now.`,
    { outcome: unsent || reads ? 'not-done' : 'unknown', detail: { api, error: code } },
  );
}

function oddStatus({ api }: HttpRequest, apiStatus: number): ApiFailed {
  return new ApiFailed(`${api} answered with a status that is none (${apiStatus}).`, {
    detail: { api, apiStatus, error: 'odd_status' },
  });
}

function tooLarge({ api, maxBytes }: HttpRequest): ApiFailed {
  const megabytes = Math.max(1, Math.round(maxBytes / 1024 / 1024));
  return new ApiFailed(`${api} sent more than the ${megabytes} MB that this site takes.`, {
    detail: { api, error: 'too_large' },
  });
}
