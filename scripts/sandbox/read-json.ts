/** Reading a JSON body from a request to one of the sandbox's APIs. */
import type Koa from 'koa';

const most = 5_000_000;

/** `undefined` for a body that is no JSON or absurdly long, which every schema refuses. */
export async function readJson(ctx: Koa.Context): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size <= most) chunks.push(bytes);
  }
  if (size > most) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    // Left to the schema, which refuses it as it does any other body.
    return undefined;
  }
}
