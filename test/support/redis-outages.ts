/** What every operation of a store promises while Redis is away, and waiting until it is back. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { Unavailable } from '../../src/errors.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { bareEnvironment } from './bare-environment.ts';
import { caughtAfter } from './caught.ts';

const MINUTE_MS = 60_000;
/** Within which every operation succeeds or fails, whatever Redis does. */
export const LIMIT_MS = 1500;
const PATIENCE_MS = 20_000;

/** Expects that every operation fails, and soon. */
export async function expectAllFail(
  storage: Storage,
  name: string,
  limitMs = LIMIT_MS,
): Promise<void> {
  const ping: [string, () => Promise<unknown>] = ['ping', () => storage.ping()];
  await expectFailure([ping, ...operationsOn(storage, name)], limitMs);
}

/** Expects that every operation on a name fails, and soon; those on others may succeed. */
export async function expectNameFails(
  storage: Storage,
  name: string,
  limitMs = LIMIT_MS,
): Promise<void> {
  await expectFailure(operationsOn(storage, name), limitMs);
}

type Operation = readonly [title: string, work: () => Promise<unknown>];

function operationsOn(storage: Storage, name: string): readonly Operation[] {
  return [
    ['get', () => storage.get(name)],
    ['near', () => storage.get(name, { near: true })],
    ['set', () => storage.set(name, 'b', MINUTE_MS)],
    ['delete', () => storage.delete(name)],
    ['replace', () => storage.replace(name, 'a', 'b', MINUTE_MS)],
  ];
}

async function expectFailure(operations: readonly Operation[], limitMs: number): Promise<void> {
  await Promise.all(
    operations.map(async ([title, work]) => {
      const { error, tookMs } = await caughtAfter(work);
      expect(error, title).to.be.instanceOf(Unavailable);
      expect(tookMs, title).to.be.below(limitMs);
    }),
  );
}

/** Waits until `work` does not reject. @throws what it rejects with after 20 s. */
export async function until(work: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      // Not yet.
      if (performance.now() - begun > PATIENCE_MS) throw error;
    }
    await systemClock.sleep(5);
  }
}

/** Counts a record up in a process of its own; gives its exit status. */
export async function countInProcess(
  uri: string,
  name: string,
  times: number,
  env: Record<string, string> = {},
): Promise<unknown> {
  const args = ['test/support/storage-process.ts', uri, name, String(times)];
  const child = spawn(process.execPath, args, {
    env: bareEnvironment(env),
    stdio: ['ignore', 'inherit', 'ignore'],
  });
  const [status]: unknown[] = await once(child, 'close');
  return status;
}
