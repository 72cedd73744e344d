/** Calls the configured APIs for the person signed in, with the access token each is meant for. */
import type { Readable } from 'node:stream';
import type { AccessToken, Account, Broker } from '../broker/account.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { DownstreamApi } from '../config/settings.ts';
import type { ApiFailed, Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import { apiFailure } from './api-failure.ts';
import { apiUrl } from './api-url.ts';
import { exchange, type HttpAnswer } from './exchange.ts';
import { followRedirects } from './follow-redirects.ts';
import { jsonBody } from './json-body.ts';
import { type ApiLimits, defaultLimits } from './limits.ts';
import { anonymousHeaders, requestHeaders } from './request-headers.ts';
import { withRetries } from './with-retries.ts';
import { challengedClaims } from './www-authenticate.ts';

export interface ApiCall {
  readonly api: DownstreamApi;
  /** Upper case; `GET` when absent. */
  readonly method?: string | undefined;
  /** Below the base URL, percent-encoded: empty or beginning with `/`. */
  readonly path: string;
  readonly query?: URLSearchParams | Readonly<Record<string, string>> | undefined;
  /** Those that carry credentials, route or override are left out. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A `Buffer` can be sent again after a renewal of the access token; a stream cannot. */
  readonly body?: Readable | Buffer | undefined;
  /** The API's own when absent. */
  readonly scopes?: readonly string[] | undefined;
  readonly accept?: string | undefined;
  readonly correlationId?: string | undefined;
  /** Ends the call and its body. */
  readonly signal?: AbortSignal | undefined;
}

/** What an API answered. A body that is not read to its end has to be destroyed. */
export type ApiAnswer = HttpAnswer;

interface ApiClientOptions {
  readonly apis: readonly DownstreamApi[];
  readonly broker: Pick<Broker, 'acquireToken'>;
  readonly log: Log;
  readonly limits?: Partial<ApiLimits>;
  readonly clock?: Clock;
}

interface Bounds {
  readonly accept: string;
  readonly maxBytes: number;
  /** Whether the time limit holds for the body of the answer, too. */
  readonly isTotal: boolean;
}

/** A call made ready to be sent, perhaps more than once. */
type Prepared = ApiCall & Bounds & { readonly method: string; readonly url: URL };

/** One client for all configured APIs; an access token goes to its own API's origin only. */
export class ApiClient {
  readonly #apis: readonly DownstreamApi[];
  readonly #broker: Pick<Broker, 'acquireToken'>;
  readonly #log: Log;
  readonly #limits: ApiLimits;
  readonly #clock: Clock;

  constructor({ apis, broker, log, limits, clock = systemClock }: ApiClientOptions) {
    this.#apis = apis;
    this.#broker = broker;
    this.#log = log;
    this.#limits = { ...defaultLimits, ...limits };
    this.#clock = clock;
  }

  /** The configured API of that name, in any case of letters. */
  find(name: string): DownstreamApi | undefined {
    const wanted = name.toLowerCase();
    return this.#apis.find((api) => api.name.toLowerCase() === wanted);
  }

  /**
   * The JSON an API answers; `undefined` for an answer that has no body by its status.
   *
   * @throws {SignInRequired} no access token without the person.
   * @throws {Forbidden} the path leads out of the API's base URL.
   * @throws {Unavailable} the API, the authority or the store is away or busy.
   * @throws {ApiFailed} any other answer than a good one in JSON.
   */
  async json(account: Account, call: ApiCall): Promise<unknown> {
    const bounds = { maxBytes: this.#limits.jsonBytes, isTotal: true };
    const accept = call.accept ?? 'application/json';
    const answer = await this.#call(account, { ...call, ...bounds, accept });
    if (answer.status < 200 || answer.status > 299) throw await this.failure(call, answer);
    return jsonBody(call.api.name, answer, call.correlationId);
  }

  /**
   * The answer of an API as it comes, of any status but 401; redirects are already followed.
   *
   * Its body fails when it exceeds the limit or breaks off.
   *
   * @throws {SignInRequired} no access token without the person.
   * @throws {Forbidden} the path leads out of the API's base URL.
   * @throws {Unavailable} the API, the authority or the store is away.
   * @throws {ApiFailed} a renewed access token is refused, too, or a redirect is not allowed.
   */
  async stream(account: Account, call: ApiCall): Promise<ApiAnswer> {
    const bounds = { maxBytes: this.#limits.streamBytes, isTotal: false };
    return this.#call(account, { ...call, ...bounds, accept: call.accept ?? '*/*' });
  }

  /** The failure that stands for an answer of `stream` whose status is no good; its body is let go. */
  failure({ api, correlationId }: ApiCall, answer: ApiAnswer): Promise<ApiFailed | Unavailable> {
    return apiFailure(api.name, answer, { now: this.#clock.now(), correlationId });
  }

  async #call(account: Account, call: ApiCall & Bounds): Promise<HttpAnswer> {
    const { api, method = 'GET', scopes = api.scopes } = call;
    const ready = { ...call, method, scopes, url: apiUrl(api, call.path, call.query) };
    const first = await this.#broker.acquireToken(account, { scopes });
    let giveUpAt = this.#giveUpAt();
    let answer = await this.#send(ready, first, giveUpAt);
    if (answer.status === 401) {
      const renewed = await this.#renew(account, ready, first, answer);
      if (isOneShot(ready.body)) throw await this.failure(call, answer);
      answer.body.destroy();
      giveUpAt = this.#giveUpAt();
      answer = await this.#send(ready, renewed, giveUpAt);
    }
    answer = await followRedirects(answer, ready, (url) =>
      this.#exchange({ ...ready, url }, anonymousHeaders(ready.accept), giveUpAt),
    );
    if (answer.status === 401) throw await this.failure(call, answer);
    return answer;
  }

  /** Another access token than the refused one, so that at least the next call has it. */
  async #renew(account: Account, call: Prepared, refused: AccessToken, answer: HttpAnswer) {
    const { api, scopes = api.scopes, correlationId } = call;
    const claims = challengedClaims(answer.headers['www-authenticate']);
    const event = { event: 'api_token_refused', api: api.name, challenged: claims !== undefined };
    this.#log.info({ ...event, correlationId }, 'an API refused an access token');
    try {
      const request = { scopes, refused: refused.value };
      return await this.#broker.acquireToken(account, claims ? { ...request, claims } : request);
    } catch (error) {
      // Only so that no connection stays open behind the failure.
      answer.body.destroy();
      throw error;
    }
  }

  #send(call: Prepared, accessToken: AccessToken, giveUpAt: number): Promise<HttpAnswer> {
    const headers = requestHeaders({ ...call, accessToken: accessToken.value });
    const { method } = call;
    return withRetries(() => this.#exchange(call, headers, giveUpAt), {
      method,
      limits: this.#limits,
      clock: this.#clock,
      giveUpAt,
    });
  }

  #exchange(call: Prepared, headers: Record<string, string>, giveUpAt: number) {
    const totalMs = call.isTotal ? giveUpAt - this.#clock.monotonic() : undefined;
    return exchange({ ...call, api: call.api.name, headers, totalMs }, this.#limits);
  }

  #giveUpAt(): number {
    return this.#clock.monotonic() + this.#limits.requestMs;
  }
}

function isOneShot(body: Readable | Buffer | undefined): boolean {
  return body !== undefined && !Buffer.isBuffer(body);
}
