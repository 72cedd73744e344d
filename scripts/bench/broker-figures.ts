/** Figures drawn from the rounds of a broker bench. */
import type { StoreName } from './bench-stores.ts';
import type { BrokerBenchResult, Measured, Weighed } from './broker-bench.ts';
import { SHARING_PEERS } from './broker-entrants.ts';
import { IN_USE, type Round, type Workload } from './contestant.ts';
import { type Figure, figure, quotients } from './medians.ts';

export const usOfTime = ({ ms, calls }: Round): number => (ms * 1000) / calls;
export const usOfCpu = ({ cpuUs, calls }: Round): number => cpuUs / calls;

/** How many times as much one takes as another, in `of`; rounds are compared one by one. */
export function ratio(one: Measured, other: Measured, of: (round: Round) => number): Figure {
  return figure(quotients(one.rounds.map(of), other.rounds.map(of)));
}

export function typical({ rounds }: Measured, of: (round: Round) => number): number {
  return figure(rounds.map(of)).median;
}

/** The fastest way of msal-node that keeps tokens where other processes find them. */
export function bestPeer({ timed }: BrokerBenchResult): Measured | undefined {
  return timed
    .filter(({ entry }) => SHARING_PEERS.some((kind) => kind === entry.kind))
    .toSorted((a, b) => typical(a, usOfTime) - typical(b, usOfTime))[0];
}

/** How workloads of this broker are called; each is compared with itself where fewest accounts are. */
export const WORKLOADS = [
  { workload: 'one', name: 'one account' },
  { workload: 'warm', name: `${IN_USE} in turn` },
  { workload: 'cold', name: 'each new to the process' },
] as const;

/** This broker's rounds on a store under a workload, fewest accounts first. */
export function bySize(
  { timed }: BrokerBenchResult,
  store: StoreName,
  workload: Workload,
): Measured[] {
  return timed
    .filter((each) => each.store === store && each.entry.kind === 'concierge')
    .filter(({ order }) => order.workload === workload);
}

/** How many times its memory a process holds at the end, of what it held after a first round. */
export function memoryGrowth({ weights }: Weighed): number {
  return (weights.at(-1)?.heapBytes ?? Number.NaN) / (weights[0]?.heapBytes ?? Number.NaN);
}
