/** Limits how often one address may begin or end sign-ins. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Middleware } from '../context.ts';

/** At most `points` requests a minute from one address, in this process. */
export function rateLimit(points: number): Middleware {
  const limiter = new RateLimiterMemory({ points, duration: 60 });
  return async (ctx, next) => {
    try {
      await limiter.consume(ctx.ip);
    } catch (rejection) {
      // The limiter rejects with its count, which is an answer and no error.
      if (!(rejection instanceof RateLimiterRes)) throw rejection;
      const seconds = Math.ceil(rejection.msBeforeNext / 1000);
      ctx.throw(429, { headers: { 'Retry-After': String(seconds) } });
    }
    await next();
  };
}
