/** The broker's bench: stores are filled, contestants take turns, and what they took is gathered. */
import { type BenchStore, openBenchStore, type StoreName } from './bench-stores.ts';
import { brokerEntrants, memoryEntrants } from './broker-entrants.ts';
import type { Entry, Round, RoundOrder, Weight } from './contestant.ts';
import { race, weighProcesses } from './race.ts';
import { type Population, seedStores } from './seed-stores.ts';

export interface BrokerBenchOptions {
  readonly stores: readonly StoreName[];
  /** Numbers of accounts, smallest first. */
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly roundMs: number;
  readonly memory: MemoryWatch;
  /** Told of each step. */
  readonly say: (step: string) => void;
  /** Ends it early, with all it started. */
  readonly signal: AbortSignal;
}

export interface MemoryWatch {
  readonly rounds: number;
  /** How many accounts a process asks for at random in a round. */
  readonly calls: number;
  /** How long it then has nothing to do before it is weighed. */
  readonly quietMs: number;
}

/** Who takes part on which store, and what it is told to do. */
export interface Entrant {
  readonly store: StoreName;
  readonly entry: Entry;
  readonly order: RoundOrder;
}

export interface Measured extends Entrant {
  readonly rounds: readonly Round[];
}

export interface Weighed extends Entrant {
  readonly weights: readonly Weight[];
}

export interface BrokerBenchResult {
  readonly options: BrokerBenchOptions;
  /** Of the stores, with their versions. */
  readonly labels: readonly string[];
  readonly timed: readonly Measured[];
  /** Of processes that asked for accounts at random. */
  readonly memory: readonly Weighed[];
  readonly bytes: readonly { readonly store: StoreName; readonly perAccount: number }[];
}

/** Where a population of accounts is. */
export interface Place extends Population {
  readonly store: StoreName;
}

/**
 * What one machine's stores hold here at most: `memory:` is bounded (50,000 records and 128 Mi
 * characters of a kind), and `sqlite:` is no store for a million people.
 */
export const MOST: ReadonlyMap<StoreName, number> = new Map([
  ['memory', 20_000],
  ['sqlite', 100_000],
]);

export async function runBrokerBench(options: BrokerBenchOptions): Promise<BrokerBenchResult> {
  const stores = new Map<StoreName, BenchStore>();
  try {
    for (const name of options.stores) stores.set(name, await openBenchStore(name));
    const places = await makePlaces(stores, options);
    const bytes = await bytesPerAccount(stores, places);
    const timed = await race(await brokerEntrants(stores, places, options), options);
    const memory = await weighProcesses(memoryEntrants(places, options), options);
    const labels = [...stores.values()].map(({ label }) => label);
    return { options, labels, timed, memory, bytes };
  } finally {
    for (const store of stores.values()) await store.close();
  }
}

async function makePlaces(
  stores: ReadonlyMap<StoreName, BenchStore>,
  { sizes, say, signal }: BrokerBenchOptions,
): Promise<Place[]> {
  const places: Place[] = [];
  for (const [name, store] of stores) {
    for (const [index, size] of sizes.entries()) {
      const accounts = Math.min(size, MOST.get(name) ?? size);
      places.push({ store: name, uri: await store.place(index), accounts });
    }
  }
  say(`writing ${sizes.join(', ')} accounts`);
  await seedStores(
    // A process's own memory is filled by that process.
    places.filter(({ store }) => store !== 'memory'),
    signal,
  );
  return places;
}

/** Where most are, so that what a store needs but once does not count. */
async function bytesPerAccount(
  stores: ReadonlyMap<StoreName, BenchStore>,
  places: readonly Place[],
): Promise<BrokerBenchResult['bytes']> {
  const bytes: { store: StoreName; perAccount: number }[] = [];
  for (const [name, store] of stores) {
    const most = places.findLast((place) => place.store === name);
    const perAccount = most && (await store.bytesPerAccount?.(most.uri, most.accounts));
    if (perAccount !== undefined) bytes.push({ store: name, perAccount });
  }
  return bytes;
}
