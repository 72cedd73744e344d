/** Real HTTP servers that play APIs, and a broker that hands out marked access tokens. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { expect } from 'chai';
import type { AccessToken, Account, TokenRequest } from '../../src/broker/account.ts';
import type { CallDefaults, DownstreamApi } from '../../src/config/settings.ts';
import { ApiClient } from '../../src/downstream/api-client.ts';
import type { ApiLimits } from '../../src/downstream/limits.ts';
import { createLog } from '../../src/log.ts';

/** Part of every access token here: nothing that is thrown or logged may hold it. */
export const CANARY = 'canary-access-token';
export const account: Account = { id: 'uid.utid', epoch: 'epoch' };

export class RecordingBroker {
  readonly requests: TokenRequest[] = [];
  /** Thrown instead of a renewed access token. */
  failure: Error | undefined;

  /** Those for the site itself. */
  readonly appRequests: TokenRequest[] = [];

  async acquireAppToken(request: TokenRequest): Promise<AccessToken> {
    this.appRequests.push(request);
    if (request.refused !== undefined && this.failure) throw this.failure;
    return { value: `${CANARY}-app-${this.appRequests.length}`, expiresAt: Date.now() + 3_600_000 };
  }

  async acquireToken(_account: Account, request: TokenRequest): Promise<AccessToken> {
    this.requests.push(request);
    if (request.refused !== undefined && this.failure) throw this.failure;
    return { value: `${CANARY}-${this.requests.length}`, expiresAt: Date.now() + 3_600_000 };
  }
}

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

export interface TestServer extends AsyncDisposable {
  readonly url: URL;
  readonly seen: Seen[];
}

/** A server on a free port; `answers` are used in turn, the last one for ever. */
export async function aServer(...answers: RequestListener[]): Promise<TestServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers });
    const answer = answers[Math.min(seen.length, answers.length) - 1];
    if (answer) answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: new URL(`http://127.0.0.1:${port}/v1.0`),
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function answering(
  status: number,
  body: string | Buffer = '',
  headers: Record<string, string | string[]> = {},
): RequestListener {
  return (_request, response) => {
    response.writeHead(status, headers).end(body);
  };
}

export const answeringJson = (
  status: number,
  value: unknown,
  headers: Record<string, string | string[]> = {},
) => answering(status, JSON.stringify(value), { 'content-type': 'application/json', ...headers });

/** What a section says that says nothing. */
export const noDefaults: CallDefaults = {
  ...{ method: 'GET', accept: undefined, contentType: undefined, headers: {}, query: {} },
  ...{ tenantId: undefined, claims: undefined, forceRefresh: false },
};

export function anApi(baseUrl: URL, options: Partial<DownstreamApi> = {}): DownstreamApi {
  return {
    name: 'GraphBeta',
    baseUrl,
    relativePath: '',
    scopes: ['user.read'],
    redirectHosts: [],
    gateway: [],
    requestAppToken: false,
    hasPage: true,
    defaults: noDefaults,
    limits: { requestMs: 20_000, responseMs: 15_000, maxRetries: 2, maxConcurrent: 200 },
    ...options,
  };
}

/** A client whose pauses are short, with what it logged and how its broker was asked. */
export function aClient(limits: Partial<ApiLimits> = {}, apis: readonly DownstreamApi[] = []) {
  const broker = new RecordingBroker();
  const lines: string[] = [];
  const log = createLog('trace', (line) => lines.push(line));
  const quick = { backoffMs: 1, ...limits };
  return { client: new ApiClient({ apis, broker, log, limits: quick }), broker, lines };
}

/** What a promise is rejected with, which has to be of `kind`. */
export async function failureOf<T extends Error>(
  promise: Promise<unknown>,
  kind: abstract new (...args: never[]) => T,
): Promise<T> {
  const error: unknown = await promise.then(
    () => expect.fail('expected a failure'),
    (reason: unknown) => reason,
  );
  if (error instanceof kind) return error;
  throw error;
}
