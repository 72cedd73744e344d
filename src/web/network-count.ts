/** Counts what one network does in a minute, for what is not refused but noted less often then. */
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Context } from './context.ts';
import { networkOf } from './network-of.ts';

/** Counts one, in this process; gives how many there have been within a minute. */
export type NetworkCount = (ctx: Context) => Promise<number>;

export function networkCount(): NetworkCount {
  const counter = new RateLimiterMemory({ points: 1, duration: 60 });
  return async (ctx) => {
    const network = networkOf(ctx.ip, ctx.socket.remoteAddress);
    return (await counter.penalty(network)).consumedPoints;
  };
}
