/** One contestant in a process of its own: runs the rounds its parent orders. */
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { type Contestant, type Entry, entrySchema, type Order, orderSchema } from './contestant.ts';
import { timeCalls, weigh } from './time-calls.ts';

/** Loads nothing of the others. */
async function openContestant(entry: Entry): Promise<Contestant> {
  switch (entry.kind) {
    case 'concierge': {
      const { ConciergeContestant } = await import('./concierge-contestant.ts');
      return await ConciergeContestant.open(entry);
    }
    case 'get':
    case 'map': {
      const { FloorContestant } = await import('./floor-contestant.ts');
      return await FloorContestant.open(entry);
    }
    default: {
      const { MsalContestant } = await import('./msal-contestant.ts');
      return await MsalContestant.open(entry);
    }
  }
}

const contestant = await openContestant(entrySchema.parse(JSON.parse(process.argv[2] ?? '')));

/** What a round leaves behind, such as connections that end, is not to fall into another's. */
const REST_MS = 30;

async function run(order: Order): Promise<void> {
  if (order === 'weigh') {
    process.send?.(weigh());
    return;
  }
  const calls = await contestant.prepare(order.workload);
  const round = await timeCalls(calls, order);
  await calls.close();
  await wait(REST_MS);
  process.send?.(round);
}

process.on('message', (message) => {
  run(orderSchema.parse(message)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  });
});
// The parent is gone, or has no more orders.
process.on('disconnect', () => process.exit());
process.send?.('ready');
