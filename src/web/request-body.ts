/** Reads the body of a request, up to a limit. */
import type { Context } from './context.ts';

/**
 * The body, `undefined` if there is none; 413 beyond `maxBytes`, before anything was done with it.
 *
 * Read whole, so that it can be sent again when an API wants a renewed access token.
 */
export async function readRequestBody(ctx: Context, maxBytes: number): Promise<Buffer | undefined> {
  if ((ctx.request.length ?? 0) > maxBytes) ctx.throw(413);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of ctx.req) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('A request is read in bytes.');
    bytes += chunk.length;
    if (bytes > maxBytes) ctx.throw(413);
    chunks.push(chunk);
  }
  return bytes === 0 ? undefined : Buffer.concat(chunks);
}
