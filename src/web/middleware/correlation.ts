/** Gives each request an id of its own; ids that callers send are not believed. */
import type { Middleware } from '../context.ts';

/** `randomBytes` makes it a random UUID (RFC 9562 §5.4), as Graph wants its `client-request-id`. */
export function correlation(randomBytes: (size: number) => Buffer): Middleware {
  return async (ctx, next) => {
    ctx.state.correlationId = uuid(randomBytes(16));
    ctx.set('X-Correlation-Id', ctx.state.correlationId);
    await next();
  };
}

function uuid(bytes: Buffer): string {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
