/** The body of a request, for handing on: whole where it is small, else as it comes. */
import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';

export interface BodyToRelay {
  /** A `Buffer` can be sent again, a stream cannot. */
  readonly body: Buffer | Readable;
  /** What the request says of its length. */
  readonly bytes: number | undefined;
}

/**
 * The body; `undefined` if there is none. Up to `maxWhole` bytes are read first, so that they can be
 * sent again when an API wants a renewed access token.
 */
export async function bodyToRelay(
  request: IncomingMessage,
  maxWhole: number,
): Promise<BodyToRelay | undefined> {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (coding === undefined && (length === undefined || Number(length) === 0)) return undefined;
  const bytes = length === undefined ? undefined : Number(length);
  if (bytes !== undefined && bytes > maxWhole) return { bytes, body: streamOf(request, []) };

  const chunks: Buffer[] = [];
  let read = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('A request is read in bytes.');
    chunks.push(chunk);
    read += chunk.length;
    if (read > maxWhole) return { bytes, body: streamOf(request, chunks) };
  }
  return read === 0 ? undefined : { bytes: read, body: Buffer.concat(chunks) };
}

/**
 * What came already and what is still to come. Destroying it leaves the connection as it is, for the
 * answer to go out on; a request that breaks off breaks it.
 */
function streamOf(request: IncomingMessage, begun: readonly Buffer[]): Readable {
  const body = new PassThrough();
  // Whoever reads it is told, too.
  body.on('error', () => undefined);
  request.once('close', () => {
    if (!request.complete) body.destroy(new Error('the request broke off'));
  });
  body.once('close', () => {
    request.unpipe(body);
    request.resume();
  });
  for (const chunk of begun) body.write(chunk);
  request.pipe(body);
  return body;
}
