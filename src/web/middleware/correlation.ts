/** Gives each request an id of its own; ids that callers send are not believed. */
import type { Middleware } from '../context.ts';

const ID_BYTES = 16;
/** Drawn at a time: each draw costs much more than the bytes it gives. */
const IDS_AT_ONCE = 256;

/** `randomBytes` makes it a random UUID (RFC 9562 §5.4), as Graph wants its `client-request-id`. */
export function correlation(randomBytes: (size: number) => Buffer): Middleware {
  let drawn: Buffer = Buffer.alloc(0);
  const nextId = () => {
    if (drawn.length === 0) drawn = randomBytes(ID_BYTES * IDS_AT_ONCE);
    const bytes = drawn.subarray(0, ID_BYTES);
    drawn = drawn.subarray(ID_BYTES);
    return uuid(bytes);
  };
  return async (ctx, next) => {
    ctx.state.correlationId = nextId();
    ctx.set('X-Correlation-Id', ctx.state.correlationId);
    await next();
  };
}

function uuid(bytes: Buffer): string {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
