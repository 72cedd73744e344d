/** Limits how often one account, or else one network, may begin or end sign-ins. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Context } from './context.ts';
import { networkOf } from './network-of.ts';

/** Counts one; 429 beyond so many a minute, in this process. */
export type SignInLimit = (ctx: Context) => Promise<void>;

export function signInLimit(perMinute: number): SignInLimit {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return async (ctx) => {
    const { account } = ctx.state;
    const network = networkOf(ctx.ip, ctx.socket.remoteAddress);
    try {
      await limiter.consume(account ? `account ${account.id}` : `network ${network}`);
    } catch (rejection) {
      // The limiter rejects with its count, which is an answer and no error.
      if (!(rejection instanceof RateLimiterRes)) throw rejection;
      const seconds = Math.ceil(rejection.msBeforeNext / 1000);
      ctx.throw(429, { headers: { 'Retry-After': String(seconds) } });
    }
  };
}
