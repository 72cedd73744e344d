/** What the callers of a race were given, counted. */
import type { User } from '../../scripts/sandbox/directory.ts';
import { graphCall, isRight, mixedCalls } from './race-call.ts';
import type { Result } from './race-messages.ts';
import type { Settled } from './racer.ts';

export interface Tally {
  readonly served: number;
  /** By code. */
  readonly failed: ReadonlyMap<string, number>;
  /** Gone with their process. */
  readonly lost: number;
  /** Told nothing in time. */
  readonly silent: number;
  /** Tokens of another resource, tenant or person. */
  readonly wrong: number;
}

export function tallyOf(settled: readonly Settled[], user: User): Tally {
  const failed = new Map<string, number>();
  let [served, lost, silent, wrong] = [0, 0, 0, 0];
  for (const each of settled) {
    lost += each.lost;
    silent += each.silent;
    const wanted = mixedCalls.find(({ name }) => name === each.call.name) ?? graphCall;
    for (const { token, failure = 'nothing', callers } of each.results) {
      if (token === undefined) failed.set(failure, (failed.get(failure) ?? 0) + callers);
      else if (isRight(token, wanted, user)) served += callers;
      else wrong += callers;
    }
  }
  return { served, failed, lost, silent, wrong };
}

/** How many callers had such a result. */
export function countCallers(
  settled: readonly Settled[],
  isSuch: (result: Result) => boolean,
): number {
  return settled
    .flatMap(({ results }) => results)
    .filter(isSuch)
    .reduce((sum, { callers }) => sum + callers, 0);
}

/** How many were told something else than a token. */
export function failedOf({ failed }: Tally): number {
  return [...failed.values()].reduce((sum, count) => sum + count, 0);
}
