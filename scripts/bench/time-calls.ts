/** Times calls, some at a time, with the processor time they took. */
import process from 'node:process';
import type { Calls, Order, Round } from './contestant.ts';

export async function timeCalls(calls: Calls, { inFlight, ms }: Order): Promise<Round> {
  collectGarbage();
  let made = 0;
  const cpu = process.cpuUsage();
  const beganAt = performance.now();
  const lane = async () => {
    while (performance.now() - beganAt < ms) {
      const call = calls.next();
      if (!call) return;
      made += 1;
      await call;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const tookMs = performance.now() - beganAt;
  const { user, system } = process.cpuUsage(cpu);
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    ...{ calls: made, ms: tookMs, cpuUs: user + system },
    ...{ heapBytes: heapUsed + external, rssBytes: rss },
  };
}

function collectGarbage(): void {
  if (!globalThis.gc) throw new Error('start this process with --expose-gc');
  globalThis.gc();
}
