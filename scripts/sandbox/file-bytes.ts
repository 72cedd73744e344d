/** Files of any size, made as they are read, and uploads of any size, counted and hashed as they pass. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type Koa from 'koa';

/** A prime, so that a byte out of place shows. */
const period = 251;
const block = Buffer.from(Array.from({ length: period * 261 }, (_, index) => index % period));

function* bytes(start: number, end: number): Generator<Buffer> {
  for (let at = start; at < end; ) {
    const from = at % period;
    const part = block.subarray(from, Math.min(block.length, from + end - at));
    yield part;
    at += part.length;
  }
}

/** The bytes of every generated file from `start` up to `end`: each is its position modulo 251. */
export const bytesOf = (start: number, end: number): Readable => Readable.from(bytes(start, end));

export interface Content {
  readonly size: number;
  /** With its quotes. */
  readonly etag: string;
  readonly type: string;
}

/** First and last byte of a single range (RFC 9110 §14.1.2); `undefined` if it cannot be satisfied. */
function rangeOf(header: string, size: number): { first: number; last: number } | undefined {
  const [, from = '', to = ''] = header.match(/^bytes=(\d*)-(\d*)$/) ?? [];
  if (from === '' && to === '') return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return first <= last ? { first, last } : undefined;
}

/** Whether the caller has this version already (RFC 9110 §13.1.2); then the answer is 304. */
export function notModified(ctx: Koa.Context, etag: string): boolean {
  ctx.set('etag', etag);
  const header = ctx.get('if-none-match');
  // These tags have commas inside their quotes.
  if (header !== '*' && !header.match(/"[^"]*"/g)?.includes(etag)) return false;
  ctx.status = 304;
  return true;
}

/** Answers with a generated file, or the range of it that is asked for. */
export function sendContent(ctx: Koa.Context, { size, etag, type }: Content): void {
  if (notModified(ctx, etag)) return;
  ctx.set('accept-ranges', 'bytes');
  const asked = ctx.get('range');
  const stale = ctx.get('if-range') !== '' && ctx.get('if-range') !== etag;
  const wanted = asked !== '' && !stale;
  const range = wanted ? rangeOf(asked, size) : { first: 0, last: size - 1 };
  if (!range) {
    ctx.status = 416;
    ctx.set('content-range', `bytes */${size}`);
    ctx.body = '';
    return;
  }
  ctx.status = wanted ? 206 : 200;
  if (wanted) ctx.set('content-range', `bytes ${range.first}-${range.last}/${size}`);
  ctx.type = type;
  ctx.body = bytesOf(range.first, range.last + 1);
  ctx.length = range.last + 1 - range.first;
}

/** What is left of a body that nobody keeps. */
export interface Swallowed {
  readonly size: number;
  readonly sha256: string;
}

/** Reads a request's body to its end; `pace` is awaited at each size reached, for callers to be slowed. */
export async function swallow(
  ctx: Koa.Context,
  hash = createHash('sha256'),
  pace?: (size: number) => Promise<void>,
): Promise<Swallowed> {
  let size = 0;
  for await (const chunk of ctx.req) {
    // Used as it comes: a copy of each part of a gigabyte is more than the collector keeps up with.
    const part: Buffer = chunk;
    size += part.length;
    hash.update(part);
    await pace?.(size);
  }
  return { size, sha256: hash.copy().digest('hex') };
}
