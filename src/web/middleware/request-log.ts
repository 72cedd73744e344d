/** Logs each answered request: what was asked, without its query, and how it ended. */
import type { Log } from '../../log.ts';
import type { Middleware } from '../context.ts';
import { loggedPath } from '../logged-path.ts';

export function requestLog(log: Log, now: () => number): Middleware {
  return async (ctx, next) => {
    const startedAt = now();
    await next();
    const { method, status } = ctx;
    const { correlationId } = ctx.state;
    const path = loggedPath(ctx);
    const event = { event: 'request', method, path, status, ms: now() - startedAt, correlationId };
    const isProbe = path.startsWith('/health/') || path.startsWith('/assets/');
    if (isProbe) log.debug(event);
    else log.info(event);
  };
}
