/** Passes a request on to an API and its answer back, both as they come: of any size, in constant memory. */
import type { Readable } from 'node:stream';
import { Agent } from 'undici';
import type { HttpAnswer } from './exchange.ts';
import type { ApiLimits } from './limits.ts';
import { RelayedAnswer } from './relayed-answer.ts';

export interface RelayedRequest {
  /** The name of the API, for failures. */
  readonly api: string;
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Readable | Buffer | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Requests without a limit on size or time as a whole: silence is limited. Nothing is decompressed,
 * no redirect is followed, and an answer that breaks off breaks its body.
 */
export class Relay {
  readonly #agent: Agent;

  constructor({ connectMs }: Pick<ApiLimits, 'connectMs'>) {
    this.#agent = new Agent({ connect: { timeout: connectMs }, allowH2: false });
  }

  /**
   * The answer, whatever its status, as soon as its headers are here, or all of a small one;
   * `responseMs` runs from the end of the request's body.
   *
   * @throws {Unavailable} the API cannot be reached, is silent or breaks off.
   * @throws {ApiFailed} the status is none that ends a request.
   */
  send(request: RelayedRequest, limits: ApiLimits): Promise<HttpAnswer> {
    const { method, url, headers, body = null } = request;
    const target = { origin: url.origin, path: `${url.pathname}${url.search}`, method };
    const timeouts = { headersTimeout: limits.responseMs, bodyTimeout: limits.relayIdleMs };
    const answer = new RelayedAnswer(request);
    this.#agent.dispatch({ ...target, headers, body, ...timeouts }, answer);
    return answer.begun;
  }
}
