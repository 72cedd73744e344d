/** Times calls, some at a time, with the processor time they took. */
import process from 'node:process';
import type { Calls, Round, RoundOrder, Weight } from './contestant.ts';

export async function timeCalls(source: Calls, order: RoundOrder): Promise<Round> {
  const { inFlight, ms, calls = Number.POSITIVE_INFINITY } = order;
  collectGarbage();
  let made = 0;
  const cpu = process.cpuUsage();
  const beganAt = performance.now();
  const lane = async () => {
    while (made < calls && performance.now() - beganAt < ms) {
      const call = source.next();
      if (!call) return;
      made += 1;
      await call;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const tookMs = performance.now() - beganAt;
  const { user, system } = process.cpuUsage(cpu);
  return { calls: made, ms: tookMs, cpuUs: user + system };
}

/** What this process holds when it has nothing to do. */
export function weigh(): Weight {
  collectGarbage();
  // What the first run finalises, the second frees.
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rssBytes: rss };
}

function collectGarbage(): void {
  if (!globalThis.gc) throw new Error('start this process with --expose-gc');
  globalThis.gc();
}
