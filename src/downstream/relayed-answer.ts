/** The answer to a relayed request, as the HTTP library tells it bit by bit. */
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { AppError } from '../errors.ts';
import type { HttpAnswer } from './exchange.ts';
import type { RelayedRequest } from './relay.ts';
import { isFinalStatus, oddStatus, transportFailure } from './transport-failure.ts';

type Controller = Dispatcher.DispatchController;
type Headers = HttpAnswer['headers'];

const NOT_IN_TIME = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

/** An answer that is here at once, as small ones are, is handed on whole, which costs least. */
export class RelayedAnswer implements Dispatcher.DispatchHandler {
  /** @throws {Unavailable | ApiFailed} as `Relay.send`. */
  readonly begun: Promise<HttpAnswer>;
  readonly #request: RelayedRequest;
  readonly #answer = Promise.withResolvers<HttpAnswer>();
  /** What came with the headers; `undefined` once there is a body to push to. */
  #first: Buffer[] | undefined = [];
  #body: Readable | undefined;
  #hasEnded = false;

  constructor(request: RelayedRequest) {
    this.#request = request;
    this.begun = this.#answer.promise;
  }

  onRequestStart(controller: Controller): void {
    const { signal } = this.#request;
    const abort = () => controller.abort(new Error('nobody waits for it any more'));
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  }

  onResponseStart(controller: Controller, status: number, headers: Headers): void {
    // Such as 103: what counts is still to come.
    if (status > 101 && status < 200) return;
    if (!isFinalStatus(status)) {
      controller.abort(oddStatus(this.#request, status));
      return;
    }
    // When all that is here by now has been read.
    process.nextTick(() => this.#begin(controller, status, headers));
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#first) this.#first.push(chunk);
    else if (this.#body?.push(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    this.#hasEnded = true;
    this.#body?.push(null);
  }

  onResponseError(_: Controller, error: unknown): void {
    const failure = asOwnError(this.#request, error);
    this.#body?.destroy(failure);
    this.#answer.reject(failure);
  }

  #begin(controller: Controller, status: number, headers: Headers): void {
    const first = this.#first ?? [];
    this.#first = undefined;
    if (this.#hasEnded) {
      this.#answer.resolve(new WholeAnswer(status, headers, first));
      return;
    }
    const body = this.#bodyOf(controller);
    this.#body = body;
    for (const chunk of first) if (!body.push(chunk)) controller.pause();
    this.#answer.resolve({ status, headers, body });
  }

  #bodyOf(controller: Controller): Readable {
    const body = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        if (!this.#hasEnded) controller.abort(error ?? new Error('nobody reads it any more'));
        done(error);
      },
    });
    // It may fail before its reader has come; the reader still finds it failed.
    return body.on('error', () => undefined);
  }
}

class WholeAnswer implements HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly whole: Buffer;

  constructor(status: number, headers: Headers, chunks: readonly Buffer[]) {
    this.status = status;
    this.headers = headers;
    this.whole = Buffer.concat(chunks);
  }

  get body(): Readable {
    return Readable.from([this.whole]);
  }
}

/** Of the library's errors only the codes are taken over, and a broken connection's is the usual one. */
function asOwnError(request: RelayedRequest, error: unknown): Error {
  if (error instanceof AppError) return error;
  const given = error instanceof Error && 'code' in error ? error.code : undefined;
  const code = given === 'UND_ERR_SOCKET' ? 'ECONNRESET' : String(given ?? 'ERR_UNKNOWN');
  const unsent = code === 'UND_ERR_CONNECT_TIMEOUT';
  return transportFailure(request, { code, timedOut: NOT_IN_TIME.has(code), unsent });
}
