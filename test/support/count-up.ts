/** Adds one to a number kept in a store, as every change there is made: read, replace, and again on a conflict. */
import type { Storage } from '../../src/storage/storage.ts';

export async function countUp(storage: Storage, name: string): Promise<void> {
  for (;;) {
    const bytes = await storage.get(name);
    const next = String(Number(bytes ?? 0) + 1);
    if ((await storage.replace(name, bytes, next, 60_000)) === 'replaced') return;
  }
}
