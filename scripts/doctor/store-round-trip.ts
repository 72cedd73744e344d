/** A round trip through the store, under a name that nobody else has: every operation the site needs. */
import { createHash, randomBytes } from 'node:crypto';
import { Lease } from '../../src/broker/lease.ts';
import type { Clock } from '../../src/clock.ts';
import type { Storage } from '../../src/storage/storage.ts';

/** The store did something else than it must. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer';
}

/** Should this process die half-way, the store forgets the records by itself. */
const TTL_MS = 60_000;
const LEASE_MS = 2000;

/** How long each operation took, in words. @throws {WrongAnswer} @throws {Unavailable} */
export async function storeRoundTrip(
  storage: Storage,
  instanceName: string,
  clock: Clock,
): Promise<readonly string[]> {
  const id = randomBytes(16);
  const hash = createHash('sha256').update(id).digest('hex');
  const [name, leaseName] = [`${instanceName}:{${hash}}:doctor`, `${instanceName}:{${hash}}:lease`];
  const times: string[] = [];
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const begun = clock.monotonic();
    const result = await work();
    times.push(`${what} ${(clock.monotonic() - begun).toFixed(1)} ms`);
    return result;
  };
  const [one, two] = ['one', 'two'].map((text) => `${text} ${id.toString('hex')}`);
  if (one === undefined || two === undefined) throw new TypeError('two values');
  try {
    await timed('write', () => storage.set(name, one, TTL_MS));
    const replaced = await timed('replace', () => storage.replace(name, one, two, TTL_MS));
    if (replaced !== 'replaced') throw new WrongAnswer('does not replace what it has just kept');
    if ((await storage.replace(name, one, one, TTL_MS)) !== 'conflict') {
      throw new WrongAnswer('replaces a record that is another by now');
    }
    const read = await timed('read', () => storage.get(name));
    if (read !== two) throw new WrongAnswer('gives back something else than it was given');
  } catch (error) {
    // What is wrong is known; what may be left expires by itself.
    await storage.delete(name).catch(() => undefined);
    throw error;
  }
  await timed('delete', () => storage.delete(name));
  if ((await storage.get(name)) !== undefined) throw new WrongAnswer('keeps what was deleted');
  const processId = randomBytes(16).toString('hex');
  const lease = new Lease({ storage, clock, processId });
  await timed('lease', async () => {
    const held = await lease.take(leaseName, LEASE_MS);
    held.assertFresh();
    await held.release();
  });
  if ((await storage.get(leaseName)) !== undefined)
    throw new WrongAnswer('keeps a lease given back');
  return times;
}
