/** Runs contestants in turn, so that what slows the machine for a while slows them all. */
import { setTimeout as wait } from 'node:timers/promises';
import type { BrokerBenchOptions, Entrant, Measured, Weighed } from './broker-bench.ts';
import type { Round, Weight } from './contestant.ts';
import { ContestantRunner } from './contestant-runner.ts';

interface Run<T> {
  readonly entrant: Entrant;
  readonly runner: ContestantRunner;
  readonly results: T[];
}

/** Each contestant once a round, there and back again; a first round is not counted. */
export async function race(
  entrants: readonly Entrant[],
  { rounds, say, signal }: BrokerBenchOptions,
): Promise<Measured[]> {
  say(`starting ${entrants.length} contestants`);
  return await withRunners<Round, Measured[]>(entrants, async (runs) => {
    for (let round = 0; round <= rounds; round += 1) {
      say(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
      for (const { entrant, runner, results } of round % 2 === 0 ? runs : runs.toReversed()) {
        signal.throwIfAborted();
        const taken = await runner.round(entrant.order);
        if (round > 0) results.push(taken);
      }
    }
    return runs.map(({ entrant, results }) => ({ ...entrant, rounds: results }));
  });
}

/** What contestants hold after each round; a first round, in which they take it, is not counted. */
export async function weighProcesses(
  entrants: readonly Entrant[],
  { memory, say, signal }: BrokerBenchOptions,
): Promise<Weighed[]> {
  say(`weighing ${entrants.length} processes`);
  return await withRunners<Weight, Weighed[]>(entrants, async (runs) => {
    for (let round = 0; round <= memory.rounds; round += 1) {
      for (const { entrant, runner } of runs) {
        signal.throwIfAborted();
        await runner.round(entrant.order);
      }
      await wait(memory.quietMs, undefined, { signal });
      for (const { runner, results } of runs) {
        const weight = await runner.weigh();
        if (round > 0) results.push(weight);
      }
    }
    return runs.map(({ entrant, results }) => ({ ...entrant, weights: results }));
  });
}

async function withRunners<T, R>(
  entrants: readonly Entrant[],
  work: (runs: readonly Run<T>[]) => Promise<R>,
): Promise<R> {
  const start = async (entrant: Entrant): Promise<Run<T>> => {
    const runner = await ContestantRunner.start(entrant.entry);
    return { entrant, runner, results: [] };
  };
  const runs = await Promise.all(entrants.map(start));
  try {
    return await work(runs);
  } finally {
    await Promise.all(runs.map(({ runner }) => runner.stop()));
  }
}
