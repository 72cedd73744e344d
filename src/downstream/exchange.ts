/** Sends one HTTP request to an API: always with time-outs, never with a redirect followed. */
import type { Duplex, Readable } from 'node:stream';
import got, { RequestError, TimeoutError } from 'got';
import { ApiFailed, Unavailable } from '../errors.ts';
import { boundedBody } from './bounded-body.ts';
import type { ApiLimits } from './limits.ts';
import { isFinalStatus, oddStatus, transportFailure } from './transport-failure.ts';

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
  /** All of `body`, where it is here already. */
  readonly whole?: Buffer;
}

const CONNECTING = new Set(['lookup', 'connect', 'secureConnect']);

/**
 * The answer to a request, whatever its status, as soon as its headers are here.
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
    if (!isFinalStatus(statusCode)) {
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

function asOwnError(request: HttpRequest, error: unknown): Error {
  if (error instanceof ApiFailed || error instanceof Unavailable) return error;
  const code = error instanceof RequestError ? error.code : 'ERR_UNKNOWN';
  const timedOut = error instanceof TimeoutError;
  const unsent = timedOut && CONNECTING.has(error.event);
  return transportFailure(request, { code, timedOut, unsent });
}

function tooLarge({ api, maxBytes }: HttpRequest): ApiFailed {
  const megabytes = Math.max(1, Math.round(maxBytes / 1024 / 1024));
  return new ApiFailed(`${api} sent more than the ${megabytes} MB that this site takes.`, {
    detail: { api, error: 'too_large' },
  });
}
