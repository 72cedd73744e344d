/** The web tier before a real API client and real HTTP servers that play an API and hosts it leads to. */
import { type ClientRequest, type IncomingMessage, type RequestListener, request } from 'node:http';
import { connect } from 'node:net';
import { systemClock } from '../../src/clock.ts';
import type { DownstreamApi } from '../../src/config/settings.ts';
import type { ApiLimits } from '../../src/downstream/limits.ts';
import { aClient, anApi, aServer, type TestServer } from '../downstream/api-rig.ts';
import { aWeb, type Web } from './a-web.ts';
import { type Browser, FETCH } from './browser.ts';

export interface Gateway extends AsyncDisposable {
  readonly web: Web;
  readonly api: TestServer;
  readonly browser: Browser;
  /** How its broker was asked for access tokens. */
  readonly broker: ReturnType<typeof aClient>['broker'];
  /** A request as a script of the site's own page makes it, its body still to be written. */
  send(method: string, path: string, headers?: Record<string, string>): ClientRequest;
  /**
   * What comes back on a connection on which exactly this was written, until it is closed, silent, or
   * so many answers are there (one by default) and nothing more.
   */
  raw(bytes: string, answers?: number): Promise<string>;
  /** The lines of a request of the person signed in, without the empty one. */
  head(line: string, headers?: readonly string[]): string;
}

/** Opens all of an API, named `files`, to somebody who is signed in. */
export async function aGateway(
  answer: RequestListener,
  options: { limits?: Partial<ApiLimits>; api?: Partial<DownstreamApi> } = {},
): Promise<Gateway> {
  const server = await aServer(answer);
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  const api = anApi(server.url, {
    name: 'Files',
    gateway: [{ methods, path: '/open/**', scopes: undefined }],
    ...options.api,
  });
  const { client, broker } = aClient(options.limits, [api]);
  const web = await aWeb({ apis: [api] });
  web.apiClient.relay = (account, call) => client.relay(account, call);
  const browser = web.aBrowser();
  await browser.signIn();
  const cookie = () => [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const { port } = web;
  return {
    ...{ web, api: server, browser, broker },
    send: (method, path, headers = {}) =>
      request({
        ...{ host: '127.0.0.1', port, method, path: `/api/files${path}`, agent: false },
        headers: { ...FETCH, host: 'localhost:4000', cookie: cookie(), ...headers },
      }),
    raw: (bytes, answers = 1) => exchangeRaw(port, bytes, answers),
    head: (line, headers = []) =>
      [
        ...[line, 'Host: localhost:4000', `Cookie: ${cookie()}`],
        ...['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: cors', 'Sec-Fetch-Dest: empty'],
        ...headers,
      ].join('\r\n'),
    async [Symbol.asyncDispose]() {
      await web.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const QUIET_MS = 40;
const SILENT_MS = 700;

async function exchangeRaw(port: number, bytes: string, answers: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  let lastAt = performance.now();
  socket.setEncoding('latin1').on('data', (chunk) => {
    received += chunk;
    lastAt = performance.now();
  });
  // A reset is an answer, too.
  socket.on('error', () => undefined);
  socket.write(Buffer.from(bytes, 'latin1'));
  const patience = () =>
    (received.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0) < answers ? SILENT_MS : QUIET_MS;
  while (!socket.closed && performance.now() - lastAt < patience()) await systemClock.sleep(5);
  socket.destroy();
  return received;
}

/** The answer to a request whose body is all written. */
export function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  sent.once('response', resolve).once('error', reject);
  return promise;
}

/** Waits until something is so. @throws {Error} it is not after 5 s. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const begun = performance.now(); !isSo(); ) {
    if (performance.now() - begun > 5000) throw new Error(`never: ${what}`);
    await systemClock.sleep(5);
  }
}
