/** Runs contestants in turn, so that what slows the machine for a while slows them all. */
import type { BrokerBenchOptions, Entrant, Measured } from './broker-bench.ts';
import type { Round } from './contestant.ts';
import { ContestantRunner } from './contestant-runner.ts';

type Course = Pick<BrokerBenchOptions, 'rounds' | 'say' | 'signal'>;

/** Each contestant once a round; a first round is not counted. */
export async function race(
  entrants: readonly Entrant[],
  { rounds, say, signal }: Course,
): Promise<Measured[]> {
  say(`starting ${entrants.length} contestants`);
  const runners = await Promise.all(entrants.map(({ entry }) => ContestantRunner.start(entry)));
  const runs = entrants.map((entrant, index) => ({
    ...entrant,
    runner: runners[index],
    rounds: [] as Round[],
  }));
  try {
    for (let round = 0; round <= rounds; round += 1) {
      say(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
      for (const run of runs) {
        signal.throwIfAborted();
        const taken = await run.runner?.round(run.order);
        if (taken && round > 0) run.rounds.push(taken);
      }
    }
  } finally {
    await Promise.all(runners.map((runner) => runner.stop()));
  }
  return runs.map(({ store, entry, order, rounds: taken }) => ({
    store,
    entry,
    order,
    rounds: taken,
  }));
}
