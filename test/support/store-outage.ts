/** What every store does while its server is away: it fails in time, and comes back by itself. */
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { Unavailable } from '../../src/errors.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { caughtAfter } from './caught.ts';

/** What every operation promises, down or frozen. */
export const LIMIT_MS = 1500;

const NAME = 'test:{outage}:session';
const MINUTE_MS = 60_000;

/** Every operation, all at once, fails within the limit. */
export async function expectAllFail(storage: Storage, limitMs = LIMIT_MS): Promise<void> {
  const operations: Record<string, () => Promise<unknown>> = {
    get: () => storage.get(NAME),
    set: () => storage.set(NAME, 'b', MINUTE_MS),
    delete: () => storage.delete(NAME),
    replace: () => storage.replace(NAME, 'a', 'b', MINUTE_MS),
    ping: () => storage.ping(),
  };
  await Promise.all(
    Object.entries(operations).map(async ([name, work]) => {
      const { error, tookMs } = await caughtAfter(work);
      expect(error, name).to.be.instanceOf(Unavailable);
      expect(tookMs, name).to.be.below(limitMs);
    }),
  );
}

/** Waits until it takes writes again, by itself. */
export async function recovery(storage: Storage): Promise<void> {
  for (;;) {
    const works = await storage.ping().then(
      () => true,
      () => false,
    );
    if (works) return;
    await systemClock.sleep(20);
  }
}
