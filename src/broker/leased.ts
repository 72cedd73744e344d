/** Work that only the holder of a lease may do, and its one request to the authority. */
import { Unavailable } from '../errors.ts';
import type { HeldLease, Lease } from './lease.ts';

const LEASE_WAIT_MS = 25_000;
const ROUNDS = 4;

/**
 * Runs `attempt` under the lease, and again under a new one while it finds that what it read no
 * longer holds and gives `undefined`.
 *
 * @throws {Unavailable} the lease was not to be had, or things keep changing.
 */
export async function underLease<T>(
  lease: Lease,
  name: string,
  attempt: (held: HeldLease) => Promise<T | undefined>,
): Promise<T> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const held = await lease.take(name, LEASE_WAIT_MS);
    try {
      const result = await attempt(held);
      if (result !== undefined) return result;
    } finally {
      await held.release();
    }
  }
  throw new Unavailable('Your account is busy: its tokens keep changing. Try again shortly.');
}

/** Sends while the lease is surely held; `undefined` when it was not, and nothing was sent. */
export async function sendWhileHeld<T>(
  held: HeldLease,
  send: (beforeSend: () => void) => Promise<T>,
): Promise<T | undefined> {
  let abortedUnsent = false;
  try {
    return await send(() => {
      abortedUnsent = true;
      held.assertFresh();
      abortedUnsent = false;
    });
  } catch (error) {
    // Whatever the error was wrapped in on its way, this was its beginning.
    if (abortedUnsent) return undefined;
    throw error;
  }
}
