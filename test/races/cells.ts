/** The matrix of races: not the full product, but every event meets every value of every dimension. */
import type { RefreshTokenMode } from '../../scripts/sandbox/sandbox-options.ts';
import type { Cell, RaceEvent } from './cell.ts';
import type { Point } from './race-messages.ts';
import { storeKinds } from './race-store.ts';

export const dimensions = {
  processes: [1, 2, 4],
  store: storeKinds,
  mode: ['reusable', 'rotating', 'family'],
  /** The last two are longer than the 5 s after which a silent lease is taken over. */
  latencyMs: [5, 300, 6000, 8000],
  slots: [1, 3],
} as const;

const points: readonly Point[] = ['before-send', 'after-send', 'after-response', 'after-write'];
const stops: readonly Point[] = ['before-check', ...points];
const middle = points.slice(0, 3);
const away = points.slice(1, 3);
const STOP_MS = 10_000;

/** With how many cells each has. */
export const events: readonly (readonly [event: RaceEvent, cells: number])[] = [
  [{ kind: 'none' }, 12],
  ...points.map((at) => [{ kind: 'kill', at }, 6] as const),
  ...stops.map((at) => [{ kind: 'stop', at, forMs: STOP_MS }, 6] as const),
  ...middle.map((at) => [{ kind: 'sign-out', at }, 4] as const),
  ...middle.map((at) => [{ kind: 'sign-in', at }, 4] as const),
  ...away.map((at) => [{ kind: 'store-killed', at }, 4] as const),
  ...away.map((at) => [{ kind: 'store-frozen', at }, 4] as const),
  [{ kind: 'skew' }, 4],
  [{ kind: 'unknown-key' }, 4],
  [{ kind: 'throttled' }, 4],
];

/** Those that rotation alone would leave to chance. */
const chosen: readonly Cell[] = [
  ...points.flatMap((at): Cell[] => {
    const hardest = { processes: 4, store: 'redis', latencyMs: 300, slots: 3 } as const;
    return [
      { ...hardest, mode: 'family', event: { kind: 'kill', at } },
      { ...hardest, mode: 'rotating', event: { kind: 'stop', at, forMs: STOP_MS } },
    ];
  }),
  ...([2, 4] as const).map((processes): Cell => {
    const event = { kind: 'stop', at: 'after-response', forMs: 7000 } as const;
    return { processes, store: 'redis', mode: 'rotating', latencyMs: 5, slots: 1, event };
  }),
];

export function allCells(): Cell[] {
  return [
    ...events.flatMap(([event, count], turn) =>
      Array.from({ length: count }, (_, n) => rotated(event, turn, n)),
    ),
    ...chosen,
  ];
}

/** The nth cell of an event; each event begins at another place, so that pairs of values differ. */
function rotated(event: RaceEvent, turn: number, n: number): Cell {
  const { processes, store, mode, latencyMs, slots } = dimensions;
  return {
    event,
    processes: pick(processes, n + turn),
    store: pick(store, Math.floor(n / 2) + turn),
    mode: pick<RefreshTokenMode>(mode, n + Math.floor(n / 3)),
    latencyMs: pick(latencyMs, n + 3 * turn),
    slots: pick(slots, n + Math.floor(n / 2) + Math.floor(turn / 2)),
  };
}

function pick<T>(values: readonly [T, ...T[]], n: number): T {
  return values[n % values.length] ?? values[0];
}
