/** Limits how often one account, or else one network, may begin or end sign-ins. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Context } from './context.ts';
import { networkOf } from './network-of.ts';

const A_MINUTE = 60;

/** Counts one; 429 beyond sixty a minute, in this process. */
export type SignInLimit = (ctx: Context) => Promise<void>;

export function signInLimit(): SignInLimit {
  const limiter = new RateLimiterMemory({ points: A_MINUTE, duration: 60 });
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
