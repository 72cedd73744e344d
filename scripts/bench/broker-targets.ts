/** What the broker is to reach, and whether it did. */
import { RAW_TOKEN_BYTES } from './bench-accounts.ts';
import type { BrokerBenchResult } from './broker-bench.ts';
import { bestPeer, bySize, memoryGrowth, ratio, usOfTime, WORKLOADS } from './broker-figures.ts';
import { thousands, times } from './figures-as-text.ts';

export interface Target {
  readonly what: string;
  readonly found: string;
  /** `unclear` when other rounds might well say otherwise. */
  readonly verdict: 'met' | 'missed' | 'unclear';
}

const FASTER_THAN_PEER = 10;
/** Of one account kept, or of the fewest that can be in turn or new. */
const COST_AT_SCALE = 1.1;
const BYTES_OF_TOKENS = 1.5;
/** What garbage collections leave lying differs by some percent from round to round. */
const MEMORY_GROWTH = 1.1;

/** One for each figure that was measured. */
export function targetsOf(result: BrokerBenchResult): Target[] {
  return [...againstPeer(result), ...atScale(result), ...bytesKept(result), ...memoryHeld(result)];
}

function againstPeer(result: BrokerBenchResult): Target[] {
  const peer = bestPeer(result);
  if (!peer) return [];
  return bySize(result, 'redis', 'warm')
    .filter(({ entry }) => entry.accounts === peer.entry.accounts)
    .map((ours) => {
      const { median, margin } = ratio(peer, ours, usOfTime);
      const what = `a kept token at least ${FASTER_THAN_PEER}× as fast as by msal-node`;
      // Both signs turned, at least is at most.
      return target(what, median, verdictOf(-median, -FASTER_THAN_PEER, margin));
    });
}

function atScale(result: BrokerBenchResult): Target[] {
  return result.options.stores.flatMap((store) =>
    WORKLOADS.flatMap(({ workload, name }) => {
      const measured = bySize(result, store, workload);
      const [least, most] = [measured[0], measured.at(-1)];
      if (!least || !most || least === most) return [];
      const { median, margin } = ratio(most, least, usOfTime);
      const [many, few] = [thousands(most.entry.accounts), thousands(least.entry.accounts)];
      const what = `${store}, ${name}: of ${many} at most ${COST_AT_SCALE}× the time of ${few}`;
      return [target(what, median, verdictOf(median, COST_AT_SCALE, margin))];
    }),
  );
}

function bytesKept({ bytes }: BrokerBenchResult): Target[] {
  return bytes.map(({ store, perAccount }) => {
    const found = perAccount / RAW_TOKEN_BYTES;
    const what = `${store}: at most ${BYTES_OF_TOKENS}× the bytes of the tokens`;
    return target(what, found, verdictOf(found, BYTES_OF_TOKENS));
  });
}

function memoryHeld({ memory }: BrokerBenchResult): Target[] {
  return memory
    .filter((each, index) => memory[index + 1]?.store !== each.store)
    .map((each) => {
      const found = memoryGrowth(each);
      const accounts = thousands(each.entry.accounts);
      const what = `${each.store}: memory that does not grow while ${accounts} accounts are asked for at random`;
      return target(what, found, verdictOf(found, MEMORY_GROWTH));
    });
}

function target(what: string, found: number, verdict: Target['verdict']): Target {
  return { what, found: times(found), verdict };
}

function verdictOf(found: number, atMost: number, margin = 0): Target['verdict'] {
  if (margin > 0 && Math.abs(found - atMost) < margin) return 'unclear';
  return found <= atMost ? 'met' : 'missed';
}
