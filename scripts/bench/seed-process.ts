/** Seals the accounts of a range of numbers, and writes each into every store that wants it. */
import process from 'node:process';
import { openBulkLoad } from './bulk-load.ts';
import { AccountSealer } from './seal-accounts.ts';
import { seedSchema } from './seed-stores.ts';

const AT_ONCE = 500;

const { stores, from, to } = seedSchema.parse(JSON.parse(process.argv[2] ?? ''));
const sealer = await AccountSealer.create();
const loads = await Promise.all(
  stores.map(async ({ uri, accounts }) => ({ accounts, load: await openBulkLoad(uri) })),
);
for (let number = from; number < to; number += AT_ONCE) {
  const records = await sealer.seal(number, Math.min(number + AT_ONCE, to));
  const writes = loads.map(({ accounts, load }) =>
    load.write(records.slice(0, Math.max(0, accounts - number))),
  );
  await Promise.all(writes);
}
for (const { load } of loads) await load.close();
