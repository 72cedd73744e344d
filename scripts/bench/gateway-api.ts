/** The API behind the bench of the gateway: a small document, long streams, and a sink. */
import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ITEM } from './gateway-entry.ts';

export interface BenchApi extends AsyncDisposable {
  readonly url: string;
  /** Requests under way. */
  open(): number;
}

const CHUNK = Buffer.alloc(64 * 1024, 'x');
/** About as large as what Graph says of a person. */
const DOCUMENT = JSON.stringify({
  value: Array.from({ length: 10 }, (_, id) => ({ id, text: 'x'.repeat(100) })),
});
const TICK_MS = 250;

/** `/stream/<bytes>`, `/slow/<ticks>` (1 kB every quarter of a second), and `PUT` anywhere. */
export async function benchApi(): Promise<BenchApi> {
  let open = 0;
  const listener: RequestListener = (request, response) => {
    open += 1;
    response.once('close', () => {
      open -= 1;
    });
    const [, what, count] = /^\/(stream|slow)\/(\d+)$/.exec(request.url ?? '') ?? [];
    if (request.method === 'PUT') swallow(request, response).catch(() => response.destroy());
    else if (what === 'stream') stream(Number(count), response).catch(() => response.destroy());
    else if (what === 'slow') tick(Number(count), response);
    else if (request.url === ITEM) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(DOCUMENT);
    } else response.writeHead(404).end();
  };
  const server = createServer(listener).listen(0, '127.0.0.1');
  server.keepAliveTimeout = 75_000;
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    open: () => open,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function swallow(body: Readable, response: ServerResponse): Promise<void> {
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ bytes }));
}

async function stream(bytes: number, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
  await pipeline(Readable.from(chunks(bytes)), response);
}

/** What a large body is made of. */
export function* chunks(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, left);
}

function tick(ticks: number, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let left = ticks;
  const timer = setInterval(() => {
    response.write(CHUNK.subarray(0, 1024));
    left -= 1;
    if (left === 0) response.end();
  }, TICK_MS);
  response.once('close', () => clearInterval(timer));
}
