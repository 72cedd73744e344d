/** Fills stores with accounts, by a process for each processor. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { z } from 'zod';

/** A store and how many accounts it is to hold: those with the first numbers. */
const population = z.object({ uri: z.string(), accounts: z.number() });
export type Population = z.infer<typeof population>;

export const seedSchema = z.object({
  stores: z.array(population),
  from: z.number(),
  to: z.number(),
});

/** Too few to share among processes. */
const FEW = 20_000;

/** @throws {Error} a process failed; why is on standard error. */
export async function seedStores(
  stores: readonly Population[],
  signal: AbortSignal,
): Promise<void> {
  const most = Math.max(0, ...stores.map(({ accounts }) => accounts));
  const processes = most > FEW ? availableParallelism() : 1;
  const share = Math.ceil(most / processes);
  const shares = Array.from({ length: processes }, (_, index) => ({
    stores,
    from: index * share,
    to: Math.min((index + 1) * share, most),
  }));
  await Promise.all(shares.map((share) => seed(share, signal)));
}

interface Share {
  readonly stores: readonly Population[];
  readonly from: number;
  readonly to: number;
}

async function seed(share: Share, signal: AbortSignal): Promise<void> {
  const file = join(import.meta.dirname, 'seed-process.ts');
  const args = [file, JSON.stringify(share)];
  const child = spawn(process.execPath, args, { stdio: 'inherit', signal });
  const [status]: unknown[] = await once(child, 'exit');
  if (status !== 0) throw new Error('the accounts could not be written; it says above why');
}
