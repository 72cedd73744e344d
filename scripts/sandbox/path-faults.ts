/** Makes the answers of single paths late, or breaks them off. */
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Koa from 'koa';
import { isPath } from './api-path.ts';
import { recordOf } from './request-log.ts';
import type { SandboxState } from './sandbox-state.ts';

function sourceOf({ body }: Koa.Context): Readable {
  if (body instanceof Readable) return body;
  const whole = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
  return Readable.from([Buffer.from(whole ?? '')]);
}

/** Sends the head, with the whole length, and the first bytes, and then ends the connection. */
async function breakOff(ctx: Koa.Context, afterBytes: number): Promise<void> {
  const { res } = ctx;
  const [source, length] = [sourceOf(ctx), ctx.length];
  ctx.respond = false;
  // Inside a batch there is no connection to end.
  if (!res.socket) return;
  if (length !== undefined) res.setHeader('content-length', length);
  let left = afterBytes;
  for await (const chunk of source) {
    const part = Buffer.from(chunk).subarray(0, left);
    await new Promise((sent) => res.write(part, sent));
    left -= part.length;
    if (left === 0) break;
  }
  res.destroy();
}

/** Spoils what the path at hand has answered, as far as a fault says so. */
export function makePathFaults(state: SandboxState): Koa.Middleware {
  return async (ctx, next) => {
    await next();
    const { endpoint } = recordOf(ctx);
    const faults = state.faults.pathFaults.filter(
      ({ api, path }) => api === endpoint && isPath(api, path, ctx.path),
    );
    for (const { latencyMs } of faults) await delay(latencyMs);
    const breaking = faults.find(({ breaks }) => breaks > 0);
    if (!breaking) return;
    breaking.breaks -= 1;
    await breakOff(ctx, breaking.afterBytes);
  };
}
