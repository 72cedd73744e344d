/** Reading an HTML or OAuth form from a request. */
import type Koa from 'koa';
import { ProtocolError } from './protocol-error.ts';

/** @throws {ProtocolError} AADSTS900144: not a form, or an absurdly long one. */
export async function readForm(ctx: Koa.Context): Promise<URLSearchParams> {
  if (!ctx.is('application/x-www-form-urlencoded')) {
    throw new ProtocolError(900144, {
      detail:
        "The request body must contain the following parameter: 'grant_type'. Send it as a form.",
    });
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > 200_000) throw new ProtocolError(90023);
    chunks.push(bytes);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
