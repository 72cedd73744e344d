/** The laws of the broker for real processes before the real authority: one short race for each. */
import { expect } from 'chai';
import type { Cell } from './cell.ts';
import { expectationOf } from './expectation.ts';
import { inLanes } from './in-lanes.ts';
import { missesOf } from './misses.ts';
import { runCell } from './run-cell.ts';

const small = {
  processes: 2,
  store: 'redis',
  mode: 'family',
  latencyMs: 5,
  slots: 1,
  callers: 40,
} as const;

const laws: readonly (readonly [title: string, cell: Cell])[] = [
  [
    'refresh each slot once, and mix no tokens up, with clocks four minutes apart',
    { ...small, processes: 4, slots: 3, event: { kind: 'skew' } },
  ],
  [
    'refresh once when the holder of the lease is killed before it sends',
    { ...small, event: { kind: 'kill', at: 'before-send' } },
  ],
  [
    'need one new sign-in, and nothing worse, when a single-use refresh token dies with its holder',
    { ...small, event: { kind: 'kill', at: 'after-send' } },
  ],
  [
    'send nothing when they wake after the lease went to another',
    { ...small, event: { kind: 'stop', at: 'before-check', forMs: 6500 } },
  ],
  [
    'let the newer sign-in stand, whatever the older one brings late',
    { ...small, slots: 3, event: { kind: 'sign-in', at: 'after-response' } },
  ],
  [
    'sign nobody out while the store is away, and write what they got when it is back',
    { ...small, event: { kind: 'store-killed', at: 'after-send' } },
  ],
  [
    'lose no single-use refresh token to a signing key that is not known yet',
    { ...small, mode: 'rotating', event: { kind: 'unknown-key' } },
  ],
  [
    'all leave the authority alone for as long as it asked one of them',
    { ...small, event: { kind: 'throttled' } },
  ],
];

const LANES = 3;

describe('Processes that share a store', function () {
  this.timeout(60_000);
  let misses: (string[] | Error)[];

  // All at once would be slow, and one by one too: a race mostly waits.
  before(async () => {
    misses = await inLanes(laws, LANES, ([, cell]) =>
      runCell(cell).then(
        (outcome) => missesOf(cell, expectationOf(cell), outcome),
        // Told by the test of that law, so that it does not hide the others.
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      ),
    );
  });

  laws.forEach(([title], n) => {
    it(title, () => {
      const missed = misses[n];
      if (missed instanceof Error) throw missed;
      expect(missed).to.deep.equal([]);
    });
  });
});
