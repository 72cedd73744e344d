/** A request inside a batch, sent through the sandbox as if it had come over the wire. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type Koa from 'koa';

export interface InnerRequest {
  readonly method: string;
  /** Path and query, from the root. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface InnerResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** JSON stays JSON; anything else is base64, as Graph sends it. */
async function bodyOf(ctx: Koa.Context): Promise<unknown> {
  const { body } = ctx;
  if (body === undefined || body === null || body === '') return undefined;
  if (body instanceof Readable) {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString('base64');
  }
  if (Buffer.isBuffer(body)) return body.toString('base64');
  return typeof body === 'string' ? Buffer.from(body).toString('base64') : body;
}

/** Sends `inner` with the outer request's token and host. */
export async function sendInner(outer: Koa.Context, inner: InnerRequest): Promise<InnerResponse> {
  const request = new IncomingMessage(new Socket());
  request.method = inner.method;
  request.url = inner.url;
  request.headers = {
    ...Object.fromEntries(
      Object.entries(inner.headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    host: outer.host,
    authorization: outer.get('authorization'),
    'content-length': String(Buffer.byteLength(inner.body)),
  };
  request.push(inner.body);
  request.push(null);
  const ctx = outer.app.createContext(request, new ServerResponse(request));
  const { middleware } = outer.app;
  const run = async (index: number): Promise<void> => {
    await middleware[index]?.(ctx, () => run(index + 1));
  };
  await run(0);
  if (ctx.respond === false) return { status: 504, headers: {} };
  const headers = Object.entries(ctx.response.headers).map(([name, value]) => [
    // Names are spelt as in HTTP/1.1 here, and several values of one are joined.
    name.replace(/(^|-)(www|[a-z])/g, (letters) => letters.toUpperCase()),
    String(value),
  ]);
  const body = await bodyOf(ctx);
  return {
    status: ctx.status,
    headers: Object.fromEntries(headers),
    ...(body !== undefined && { body }),
  };
}
