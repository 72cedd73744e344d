/** Who takes part in the broker's bench: itself on every store, msal-node in four ways, and the floors. */
import type { BenchStore, StoreName } from './bench-stores.ts';
import type { BrokerBenchOptions, Entrant, Place } from './broker-bench.ts';
import type { Entry, Workload } from './contestant.ts';

const AT_A_TIME = 16;
/** Ways of msal-node that keep tokens where other processes find them. */
export const SHARING_PEERS = ['msal-request', 'msal-user', 'msal-sample'] as const;

export async function brokerEntrants(
  stores: ReadonlyMap<StoreName, BenchStore>,
  places: readonly Place[],
  { sizes, roundMs }: BrokerBenchOptions,
): Promise<Entrant[]> {
  const enter = (
    kind: Entry['kind'],
    { store, uri, accounts }: Place,
    workload: Workload,
    inFlight = AT_A_TIME,
  ): Entrant => ({
    store,
    entry: { kind, uri, accounts },
    order: { workload, inFlight, ms: roundMs },
  });

  // Those that are compared stand side by side.
  const ours = [...stores.keys()].flatMap((store) =>
    (['one', 'warm', 'cold'] as const).flatMap((workload) =>
      places
        .filter((place) => place.store === store)
        // With one account there are none to take in turn, and none that is new each time.
        .filter(({ accounts }) => workload === 'one' || accounts > 1)
        .map((place) => enter('concierge', place, workload)),
    ),
  );

  const accounts = sizes.find((size) => size > 1) ?? 1;
  const inMemory: Place = { store: 'memory', uri: 'memory:', accounts };
  const alone = [
    enter('map', inMemory, 'warm'),
    enter('msal-process', inMemory, 'warm'),
    // One at a time: of calls for one account side by side msal-node makes one.
    enter('msal-process', { ...inMemory, accounts: 1 }, 'one', 1),
  ];

  const redis = stores.get('redis');
  const read = places.find((place) => place.store === 'redis' && place.accounts === accounts);
  if (!redis || !read) return [...ours, ...alone];
  const sharing = [enter('get', read, 'warm')];
  for (const [index, kind] of SHARING_PEERS.entries()) {
    const uri = await redis.place(sizes.length + index);
    sharing.push(enter(kind, { store: 'redis', uri, accounts }, 'warm'));
  }
  const peer = ours.findIndex(
    ({ entry, order }) => entry.uri === read.uri && order.workload === 'warm',
  );
  return [...ours.slice(0, peer), ...sharing, ...alone, ...ours.slice(peer)];
}

const LONG_MS = 60_000;

/** Processes that ask for accounts at random among all. */
export function memoryEntrants(
  places: readonly Place[],
  { memory }: BrokerBenchOptions,
): Entrant[] {
  const order = {
    workload: 'anyone',
    inFlight: AT_A_TIME,
    ms: LONG_MS,
    calls: memory.calls,
  } as const;
  return places.map(({ store, uri, accounts }) => ({
    store,
    entry: { kind: 'concierge', uri, accounts },
    order,
  }));
}
