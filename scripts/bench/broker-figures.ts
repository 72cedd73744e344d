/** Figures drawn from the rounds of a broker bench. */
import type { StoreName } from './bench-stores.ts';
import type { BrokerBenchResult, Measured } from './broker-bench.ts';
import { SHARING_PEERS } from './broker-entrants.ts';
import { IN_USE, type Round, type Workload } from './contestant.ts';
import { median, medianRatio, spread } from './medians.ts';

export const usOfTime = ({ ms, calls }: Round): number => (ms * 1000) / calls;
export const usOfCpu = ({ cpuUs, calls }: Round): number => cpuUs / calls;

/** How many times as much one takes as another, in `of`; rounds are compared one by one. */
export function ratio(one: Measured, other: Measured, of: (round: Round) => number): number {
  return medianRatio(one.rounds.map(of), other.rounds.map(of));
}

export function typical({ rounds }: Measured, of: (round: Round) => number): number {
  return median(rounds.map(of));
}

export function spreadOf({ rounds }: Measured, of: (round: Round) => number): number {
  return spread(rounds.map(of));
}

/** The fastest way of msal-node that keeps tokens where other processes find them. */
export function bestPeer({ timed }: BrokerBenchResult): Measured | undefined {
  return timed
    .filter(({ entry }) => SHARING_PEERS.some((kind) => kind === entry.kind))
    .toSorted((a, b) => typical(a, usOfTime) - typical(b, usOfTime))[0];
}

/** How a workload of this broker is called, and which one with fewest accounts it is compared with. */
export const WORKLOADS = [
  { workload: 'one', name: 'one account', base: 'one' },
  { workload: 'warm', name: `${IN_USE} accounts in turn`, base: 'one' },
  { workload: 'cold', name: 'each new to the process', base: 'cold' },
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

/** How many times its memory a process holds after its last round, of what it held after its first. */
export function memoryGrowth({ rounds }: Measured): number {
  return (rounds.at(-1)?.heapBytes ?? Number.NaN) / (rounds[0]?.heapBytes ?? Number.NaN);
}
