/** A body with an upper limit, whose failures are our own errors. */
import { type Readable, Transform } from 'node:stream';

interface BodyFailures {
  /** Made when more than the limit has come. */
  tooLarge(): Error;
  /** Made of what broke the source, which may hold a token and goes no further. */
  broken(cause: unknown): Error;
}

/** Passes `source` on up to `maxBytes`; destroying either end destroys the other. */
export function boundedBody(source: Readable, maxBytes: number, failures: BodyFailures): Readable {
  let bytes = 0;
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(failures.tooLarge());
      else done(null, chunk);
    },
  });
  source.on('error', (error) => body.destroy(failures.broken(error)));
  // A body may fail before its reader has come; the reader still finds it failed.
  body.on('error', () => {});
  body.once('close', () => source.destroy());
  return source.pipe(body);
}

/** The first `maxBytes` bytes of a body; the rest is not read. */
export async function readStart(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('A body is read in bytes.');
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}
