/** One cell of the matrix of races: a number of processes, an authority, a store, and what happens to them. */
import type { RefreshTokenMode } from '../../scripts/sandbox/sandbox-options.ts';
import type { Point } from './race-messages.ts';
import type { StoreKind } from './race-store.ts';

/** What happens in a race, and where in the first refresh. */
export type RaceEvent =
  | { readonly kind: 'none' }
  /** The processes' wall clocks are two minutes fast and two minutes slow. */
  | { readonly kind: 'skew' }
  /** The authority signs with a key that it publishes only after all callers were told to come back. */
  | { readonly kind: 'unknown-key' }
  /** The authority answers its first request 429, and wants to be left alone for six seconds. */
  | { readonly kind: 'throttled' }
  | { readonly kind: 'kill'; readonly at: Point }
  | { readonly kind: 'stop'; readonly at: Point; readonly forMs: number }
  | { readonly kind: 'sign-out' | 'sign-in'; readonly at: Point }
  /** Away until three seconds after the answer: killed and started again, or frozen and thawed. */
  | { readonly kind: 'store-killed' | 'store-frozen'; readonly at: Point };

export interface Cell {
  readonly processes: 1 | 2 | 4;
  readonly store: StoreKind;
  readonly mode: RefreshTokenMode;
  readonly latencyMs: number;
  /** Resources and tenants asked for, each a slot of its own. */
  readonly slots: 1 | 3;
  readonly event: RaceEvent;
  /** 200 by default. */
  readonly callers?: number;
}

/** Said on one line, and the same for no other cell. */
export function cellName({ processes, store, mode, latencyMs, slots, event }: Cell): string {
  return [
    eventName(event),
    ...[`${processes} on ${store}`, mode, `${latencyMs} ms`, slots === 1 ? 'one slot' : 'mixed'],
  ].join(', ');
}

export function eventName(event: RaceEvent): string {
  if (event.kind === 'stop') return `stopped ${event.forMs / 1000} s ${words(event.at)}`;
  const names = {
    none: 'nothing',
    skew: 'clocks ±2 min',
    'unknown-key': 'unknown signing key',
    throttled: 'throttled',
    kill: 'killed',
    'sign-out': 'signs out',
    'sign-in': 'signs in anew',
    'store-killed': 'store killed',
    'store-frozen': 'store frozen',
  };
  return 'at' in event ? `${names[event.kind]} ${words(event.at)}` : names[event.kind];
}

function words(at: Point): string {
  return at.replace('-', ' ');
}
