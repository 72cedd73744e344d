/** One configured API as a route calls it: for the person signed in, or for this site itself. */
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { DownstreamApi } from '../config/settings.ts';
import type { ApiAnswer, ApiCall, ApiClient, Caller } from './api-client.ts';
import { unexpectedShape } from './api-failure.ts';

/** What a call may say besides its method, path and body. */
export interface CallOptions extends Omit<ApiCall, 'api' | 'method' | 'path' | 'body'> {
  /** Of the body; by default the section's, else JSON's, or none for bytes. */
  readonly contentType?: string | undefined;
}

/** With the shape that the answer must have. */
export interface ShapedCall<T> extends CallOptions {
  readonly shape: z.ZodType<T>;
}

/** Bytes and streams are sent as they are, texts as UTF-8, and any other value as JSON. */
export type CallBody = Readable | Uint8Array | string | object | undefined;

interface BoundApiOptions {
  readonly client: Pick<ApiClient, 'json' | 'stream' | 'failure'>;
  readonly api: DownstreamApi;
  readonly caller: Caller;
  /** What each call says, if it does not say otherwise: its correlation id, the end of the request. */
  readonly request: Pick<ApiCall, 'correlationId' | 'signal'>;
}

/**
 * Every call throws what `ApiClient` throws; nothing of it needs to be caught in a route. An answer
 * that has not the `shape` asked for is an `ApiFailed`; without `shape` it is JSON of no known shape.
 */
export class BoundApi {
  readonly #options: BoundApiOptions;

  constructor(options: BoundApiOptions) {
    this.#options = options;
  }

  /** The same API, called as this site itself: with rights that nobody in a browser should lend. */
  get forApp(): BoundApi {
    return new BoundApi({ ...this.#options, caller: 'site' });
  }

  get<T>(path: string, call: ShapedCall<T>): Promise<T>;
  get(path: string, call?: CallOptions): Promise<unknown>;
  get(path: string, call?: CallOptions) {
    return this.#json('GET', path, undefined, call);
  }

  post<T>(path: string, body: CallBody, call: ShapedCall<T>): Promise<T>;
  post(path: string, body?: CallBody, call?: CallOptions): Promise<unknown>;
  post(path: string, body?: CallBody, call?: CallOptions) {
    return this.#json('POST', path, body, call);
  }

  put<T>(path: string, body: CallBody, call: ShapedCall<T>): Promise<T>;
  put(path: string, body?: CallBody, call?: CallOptions): Promise<unknown>;
  put(path: string, body?: CallBody, call?: CallOptions) {
    return this.#json('PUT', path, body, call);
  }

  patch<T>(path: string, body: CallBody, call: ShapedCall<T>): Promise<T>;
  patch(path: string, body?: CallBody, call?: CallOptions): Promise<unknown>;
  patch(path: string, body?: CallBody, call?: CallOptions) {
    return this.#json('PATCH', path, body, call);
  }

  delete<T>(path: string, call: ShapedCall<T>): Promise<T>;
  delete(path: string, call?: CallOptions): Promise<unknown>;
  delete(path: string, call?: CallOptions) {
    return this.#json('DELETE', path, undefined, call);
  }

  /** As the section says: its `HttpMethod` and `RelativePath`. */
  call<T>(body: CallBody, call: ShapedCall<T>): Promise<T>;
  call(body?: CallBody, call?: CallOptions): Promise<unknown>;
  call(body?: CallBody, call?: CallOptions) {
    const { defaults, relativePath } = this.#options.api;
    return this.#json(defaults.method, relativePath, body, call);
  }

  /** The answer as it comes, of any status but 401; a body that is not read has to be destroyed. */
  stream(
    method: string,
    path: string,
    body?: CallBody,
    call: CallOptions = {},
  ): Promise<ApiAnswer> {
    const { client, caller } = this.#options;
    return client.stream(caller, this.#callOf(method, path, body, call));
  }

  async #json(
    method: string,
    path: string,
    body: CallBody,
    call: CallOptions & { readonly shape?: z.ZodType } = {},
  ): Promise<unknown> {
    const { client, api, caller, request } = this.#options;
    const { shape, ...options } = call;
    const answer = await client.json(caller, this.#callOf(method, path, body, options));
    if (!shape) return answer;
    const read = shape.safeParse(answer);
    if (read.success) return read.data;
    throw unexpectedShape(api.name, call.correlationId ?? request.correlationId);
  }

  #callOf(method: string, path: string, body: CallBody, options: CallOptions): ApiCall {
    const { api, request } = this.#options;
    const { contentType, headers, ...call } = options;
    const sent = bodyOf(body);
    const type = contentType ?? api.defaults.contentType ?? sent.type;
    const own = sent.bytes !== undefined && type ? { 'content-type': type } : {};
    return {
      ...request,
      ...call,
      api,
      method,
      path,
      body: sent.bytes,
      headers: { ...own, ...headers },
    };
  }
}

function bodyOf(body: CallBody): { bytes?: Readable | Buffer; type?: string } {
  if (body === undefined) return {};
  if (typeof body === 'string')
    return { bytes: Buffer.from(body), type: 'text/plain; charset=utf-8' };
  if (body instanceof Uint8Array) return { bytes: Buffer.from(body) };
  if (isReadable(body)) return { bytes: body };
  return { bytes: Buffer.from(JSON.stringify(body)), type: 'application/json' };
}

function isReadable(body: object): body is Readable {
  return 'pipe' in body && typeof body.pipe === 'function';
}
