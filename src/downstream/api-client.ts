/** Calls the configured APIs, for a person or for this site itself, with the access token each is meant for. */
import type { Readable } from 'node:stream';
import type { AccessToken, Account, Broker, TokenRequest } from '../broker/account.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { DownstreamApi } from '../config/settings.ts';
import { type ApiFailed, Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import { apiFailure, stillChallenged } from './api-failure.ts';
import { ApiGuard } from './api-guard.ts';
import { exchange, type HttpAnswer } from './exchange.ts';
import { followRedirects } from './follow-redirects.ts';
import { jsonBody } from './json-body.ts';
import { type ApiLimits, defaultLimits } from './limits.ts';
import { isOneShot, type Manner, type PreparedCall, prepareCall } from './prepared-call.ts';
import { Relay } from './relay.ts';
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
  /** The tenant whose data is meant, where that is not the one signed in to. */
  readonly tenantId?: string | undefined;
  /** A claims request (JSON text) that the access token must answer. */
  readonly claims?: string | undefined;
  /** Whether a newer access token is wanted than the one kept. */
  readonly forceRefresh?: boolean | undefined;
  readonly accept?: string | undefined;
  /** Of a relayed call only: which encodings of the answer its reader undoes. */
  readonly acceptEncoding?: string | undefined;
  /** How long a stream is, where that is known; of a relayed call only. */
  readonly bodyBytes?: number | undefined;
  /** Whether sending it twice does no more than sending it once, though its method does not say so. */
  readonly isIdempotent?: boolean | undefined;
  /** In place of the API's own time for a whole call. */
  readonly timeoutMs?: number | undefined;
  readonly correlationId?: string | undefined;
  /** Ends the call and its body. */
  readonly signal?: AbortSignal | undefined;
}

/** Whose access token a call is made with: a person's, or this site's own. */
export type Caller = Account | 'site';

/** What an API answered. A body that is not read to its end has to be destroyed. */
export type ApiAnswer = HttpAnswer;

type Tokens = Pick<Broker, 'acquireToken' | 'acquireAppToken'>;

interface ApiClientOptions {
  readonly apis: readonly DownstreamApi[];
  readonly broker: Tokens;
  readonly log: Log;
  readonly limits?: Partial<ApiLimits>;
  readonly clock?: Clock;
}

/** RFC 9110 §9.2.2, of those that APIs have. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** One client for all configured APIs; an access token goes to its own API's origin only. */
export class ApiClient {
  readonly #options: ApiClientOptions;
  readonly #clock: Clock;
  /** By the name of the API. */
  readonly #guards = new Map<string, ApiGuard>();
  readonly #relay: Relay;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#relay = new Relay({ ...defaultLimits, ...options.limits });
  }

  /** The configured API of that name, in any case of letters. */
  find(name: string): DownstreamApi | undefined {
    const wanted = name.toLowerCase();
    return this.#options.apis.find((api) => api.name.toLowerCase() === wanted);
  }

  /**
   * The JSON an API answers; `undefined` for an answer that has no body by its status.
   *
   * @throws {SignInRequired} no access token without the person.
   * @throws {Forbidden} the path leads out of the API's base URL.
   * @throws {Unavailable} the API, the authority or the store is away or busy.
   * @throws {ApiFailed} any other answer than a good one in JSON.
   */
  async json(caller: Caller, call: ApiCall): Promise<unknown> {
    const accept = call.accept ?? call.api.defaults.accept ?? 'application/json';
    const answer = await this.#call(this.#prepare(caller, { ...call, accept }, 'whole'));
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
  async stream(caller: Caller, call: ApiCall): Promise<ApiAnswer> {
    const accept = call.accept ?? call.api.defaults.accept ?? '*/*';
    return this.#call(this.#prepare(caller, { ...call, accept }, 'stream'));
  }

  /**
   * As `stream`, for handing on: a body of any size, still encoded as the API sent it.
   *
   * @throws what `stream` throws; {Unavailable} also where the access token was refused and renewed,
   *   and a streamed body cannot be sent again.
   */
  async relay(caller: Caller, call: ApiCall): Promise<ApiAnswer> {
    return this.#call(this.#prepare(caller, call, 'relay'));
  }

  /** The failure that stands for an answer of `stream` whose status is no good; its body is let go. */
  failure({ api, correlationId }: ApiCall, answer: ApiAnswer): Promise<ApiFailed | Unavailable> {
    return apiFailure(api.name, answer, { now: this.#clock.now(), correlationId });
  }

  #prepare(caller: Caller, call: ApiCall, manner: Manner): PreparedCall {
    return prepareCall(caller, call, manner, this.#options.limits);
  }

  async #call(call: PreparedCall): Promise<HttpAnswer> {
    const first = await this.#token(call, call.token);
    let giveUpAt = this.#giveUpAt(call);
    let answer = await this.#send(call, first, giveUpAt);
    if (answer.status === 401) {
      const renewed = await this.#renew(call, first, answer);
      answer.body.destroy();
      if (isOneShot(call.body)) throw sendAgain(call.api.name);
      giveUpAt = this.#giveUpAt(call);
      answer = await this.#send(call, renewed, giveUpAt);
    }
    answer = await followRedirects(answer, call, (url) =>
      this.#exchange({ ...call, url }, anonymousHeaders(call), giveUpAt),
    );
    if (answer.status === 401) throw await this.#refusedAgain(call, answer);
    return answer;
  }

  #token({ caller }: PreparedCall, request: TokenRequest): Promise<AccessToken> {
    const { broker } = this.#options;
    return caller === 'site'
      ? broker.acquireAppToken(request)
      : broker.acquireToken(caller, request);
  }

  /** Another access token than the refused one, so that at least the next call has it. */
  async #renew(call: PreparedCall, refused: AccessToken, answer: HttpAnswer): Promise<AccessToken> {
    const { api, correlationId, token } = call;
    const claims = challengedClaims(answer.headers['www-authenticate']);
    const event = { event: 'api_token_refused', api: api.name, challenged: claims !== undefined };
    this.#options.log.info({ ...event, correlationId }, 'an API refused an access token');
    try {
      const { forceRefresh: _, ...same } = token;
      const request = { ...same, refused: refused.value, ...(claims && { claims }) };
      return await this.#token(call, request);
    } catch (error) {
      // Only so that no connection stays open behind the failure.
      answer.body.destroy();
      throw error;
    }
  }

  /** No third token helps; a challenge that comes back was answered in vain. */
  async #refusedAgain(call: PreparedCall, answer: HttpAnswer): Promise<ApiFailed | Unavailable> {
    const failure = await this.failure(call, answer);
    if (challengedClaims(answer.headers['www-authenticate']) === undefined) return failure;
    return stillChallenged(call.api.name, failure.detail);
  }

  #send(call: PreparedCall, accessToken: AccessToken, giveUpAt: number): Promise<HttpAnswer> {
    const headers = requestHeaders({ ...call, accessToken: accessToken.value });
    const { limits, body } = call;
    return withRetries(() => this.#exchange(call, headers, giveUpAt), {
      isIdempotent: call.isIdempotent ?? IDEMPOTENT.has(call.method),
      isReplayable: !isOneShot(body),
      ...{ limits, clock: this.#clock, giveUpAt },
    });
  }

  #exchange(call: PreparedCall, headers: Record<string, string>, giveUpAt: number) {
    const { api, limits, signal } = call;
    const request = { ...call, api: api.name, headers };
    const isUpload = isOneShot(call.body);
    return this.#guardOf(api).run(
      () => {
        if (call.manner === 'relay') return this.#relay.send(request, limits);
        const isWhole = call.manner === 'whole';
        const totalMs = isWhole ? giveUpAt - this.#clock.monotonic() : undefined;
        const maxBytes = isWhole ? limits.jsonBytes : limits.streamBytes;
        return exchange({ ...request, totalMs, maxBytes }, limits);
      },
      { signal, isUpload },
    );
  }

  #guardOf({ name, limits: { maxConcurrent } }: DownstreamApi): ApiGuard {
    const guard =
      this.#guards.get(name) ?? new ApiGuard({ api: name, maxConcurrent, clock: this.#clock });
    this.#guards.set(name, guard);
    return guard;
  }

  #giveUpAt({ limits }: PreparedCall): number {
    return this.#clock.monotonic() + limits.requestMs;
  }
}

/** It was refused, and so not done; the next one has another access token. */
function sendAgain(api: string): Unavailable {
  return new Unavailable(`${api} wants this to be sent again.`, {
    ...{ retryAfterSeconds: 1, detail: { api, apiStatus: 401, error: 'token_renewed' } },
  });
}
