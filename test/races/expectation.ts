/** What each cell of the matrix must come to, and why. */
import type { Cell } from './cell.ts';
import type { Left, Renewal } from './desk.ts';
import type { Point } from './race-messages.ts';

/** From the least to the most. */
export type Range = readonly [least: number, most: number];

export interface Expectation {
  /** Of the slot whose first refresh meets the event, and of each other one. */
  readonly refreshes: { readonly hit: Range; readonly others: Range };
  /** Of the callers that are not lost with their process. */
  readonly served: 'all' | 'some' | 'none' | 'any';
  /** What callers may be told. */
  readonly failures: readonly string[];
  readonly left: readonly Left[];
  /** Whether those who come when all is over may have tokens, or must be sent to sign in. */
  readonly later: readonly ('token' | 'sign-in')[];
  readonly renewal: readonly Renewal[];
  readonly why: string;
}

export const UNAVAILABLE = 'unavailable';
export const DEAD = 'sign_in_required (refresh-token-dead)';
export const NO_SESSION = 'sign_in_required (no-session)';

const ONCE: Range = [1, 1];
const NEVER: Range = [0, 0];
const TAKEOVER_MS = 5500;
/** Callers are told to come back after 20 s. */
const PATIENCE_MS = 17_000;

const FINE: Expectation = {
  refreshes: { hit: ONCE, others: ONCE },
  served: 'all',
  failures: [],
  left: ['good'],
  later: ['token'],
  renewal: ['works'],
  why: 'One refresh a slot, whoever asks.',
};

const SIGN_IN_ANEW: Expectation = {
  refreshes: { hit: [3, 3], others: NEVER },
  served: 'none',
  failures: [DEAD],
  left: ['dead'],
  later: ['sign-in'],
  renewal: ['sign-in'],
  why: 'The only good refresh token was lost with its holder. It is tried once more, and again as AADSTS70000 may pass; then the person signs in.',
};

export function expectationOf(cell: Cell): Expectation {
  const expectation = whateverTheTime(cell);
  // Slots of one account are refreshed one after the other, and callers are not kept for ever.
  if (spanMs(cell) < PATIENCE_MS) return expectation;
  const { served, failures } = expectation;
  return {
    ...expectation,
    served: served === 'none' ? 'none' : 'any',
    failures: [...new Set([...failures, UNAVAILABLE])],
  };
}

function whateverTheTime(cell: Cell): Expectation {
  const { event, processes, slots } = cell;
  switch (event.kind) {
    case 'none':
      return FINE;
    case 'skew':
      return { ...FINE, why: 'No two wall clocks are compared.' };
    case 'unknown-key':
      return {
        ...FINE,
        refreshes: { hit: [2, processes + 1], others: [1, processes + 1] },
        served: 'none',
        failures: [UNAVAILABLE],
        why: 'An answer that cannot be checked gives no access token, but its refresh token is kept: once the key is known, one more refresh a slot.',
      };
    case 'throttled':
      return {
        ...FINE,
        served: 'none',
        failures: [UNAVAILABLE],
        why: 'Retry-After is kept by all processes: nobody asks again before.',
      };
    case 'kill':
      return killed(cell, event.at);
    case 'stop':
      return processes === 1 ? stoppedAlone(cell, event.at) : stopped(cell, event.at);
    case 'sign-out':
      return {
        ...FINE,
        refreshes: { hit: ONCE, others: NEVER },
        served: 'none',
        failures: [NO_SESSION],
        left: ['absent'],
        later: ['sign-in'],
        renewal: ['sign-in'],
        why: 'Whatever comes late is thrown away.',
      };
    case 'sign-in':
      return {
        ...FINE,
        why: 'What the old grant brings late is thrown away; the new one’s token is there for who waited.',
      };
    default: {
      const isAlone = processes === 1 && slots === 1;
      return {
        ...FINE,
        served: isAlone ? 'all' : 'some',
        failures: isAlone ? [] : [UNAVAILABLE],
        why: 'The holder serves what it got and writes it when the store is back; the others are told to come back, and are not signed out.',
      };
    }
  }
}

function killed({ mode }: Cell, at: Point): Expectation {
  switch (at) {
    case 'before-check':
    case 'before-send':
      return { ...FINE, why: 'Nothing was sent: who takes the lease over refreshes.' };
    case 'after-write':
      return { ...FINE, why: 'What was written is found by who takes the lease over.' };
    default:
      if (mode !== 'reusable') return SIGN_IN_ANEW;
      return {
        ...FINE,
        refreshes: { hit: [2, 2], others: ONCE },
        why: 'The answer was lost; a refresh token that can be used again is used again.',
      };
  }
}

/** The only process: nobody takes its lease over, and it goes on where it was. */
function stoppedAlone({ mode }: Cell, at: Point): Expectation {
  const isReusable = mode === 'reusable';
  switch (at) {
    case 'before-send':
      return {
        ...FINE,
        served: 'any',
        failures: [UNAVAILABLE],
        why: 'It sends when it wakes; a connection that went stale meanwhile is a passing fault.',
      };
    case 'after-send':
      if (isReusable) {
        return {
          ...FINE,
          refreshes: { hit: [1, 2], others: ONCE },
          served: 'any',
          failures: [UNAVAILABLE],
          why: 'The answer may be too late for the 10 s that an exchange is given.',
        };
      }
      return {
        refreshes: { hit: [1, 3], others: [0, 2] },
        served: 'any',
        failures: [UNAVAILABLE, DEAD],
        left: ['good', 'dead'],
        later: ['token', 'sign-in'],
        renewal: ['works', 'sign-in'],
        why: 'If the answer is too late for the 10 s that an exchange is given, it is lost, and the person signs in.',
      };
    default:
      return { ...FINE, why: 'It goes on where it was.' };
  }
}

function stopped(cell: Cell, at: Point): Expectation {
  const { mode } = cell;
  switch (at) {
    case 'before-check':
      return { ...FINE, why: 'Who wakes finds the lease too old, and sends nothing.' };
    case 'before-send':
      if (mode !== 'family') {
        return {
          ...FINE,
          refreshes: { hit: [1, 2], others: ONCE },
          served: 'any',
          failures: [UNAVAILABLE],
          why: 'The stated residue: a holder that is stopped between its last check and the sending sends when it wakes. Its late answer, or refusal, changes nothing.',
        };
      }
      return {
        refreshes: { hit: [1, 2], others: [0, 1] },
        served: 'any',
        failures: [UNAVAILABLE, DEAD],
        left: ['good', 'dead'],
        later: ['token', 'sign-in'],
        renewal: ['works', 'sign-in'],
        why: 'The stated residue: the late sending uses a spent refresh token, and this authority ends the sign-in for that. Access tokens serve until then.',
      };
    case 'after-send':
      if (mode === 'reusable') {
        return {
          ...FINE,
          refreshes: { hit: [2, 2], others: ONCE },
          served: 'any',
          failures: [UNAVAILABLE],
          why: 'Who takes the lease over refreshes again; the answer may be too late for the one who wakes.',
        };
      }
      return {
        ...SIGN_IN_ANEW,
        refreshes: { hit: [3, 3], others: [0, 1] },
        served: 'any',
        failures: [UNAVAILABLE, DEAD],
        left: ['good', 'dead'],
        later: ['token', 'sign-in'],
        renewal: ['works', 'sign-in'],
        why: 'As when it is killed there, unless it wakes early enough to read the answer: then that is written and counts.',
      };
    case 'after-response':
      return stoppedWithAnswer(cell);
    default:
      return { ...FINE, why: 'What was written is found by who takes the lease over.' };
  }
}

function stoppedWithAnswer({ mode, event }: Cell): Expectation {
  if (mode === 'reusable') {
    return {
      ...FINE,
      refreshes: { hit: [2, 2], others: ONCE },
      why: 'Who takes the lease over refreshes again; the late answer adds its access token and changes nothing else.',
    };
  }
  const isInTime = event.kind === 'stop' && event.forMs < 10_000;
  const rotating: Expectation = {
    ...FINE,
    refreshes: { hit: [2, 3], others: ONCE },
    served: isInTime ? 'all' : 'some',
    failures: isInTime ? [] : [DEAD],
    why: isInTime
      ? 'Who took the lease over gives the silent holder 5 s to write what it got, and finds it.'
      : 'Who took the lease over may wait in vain; what the holder writes when it wakes revives the account.',
  };
  if (mode === 'rotating') return rotating;
  return {
    ...rotating,
    refreshes: { hit: [2, 3], others: [0, 1] },
    failures: [DEAD],
    left: ['good', 'dead'],
    later: ['token', 'sign-in'],
    renewal: ['sign-in'],
    why: 'As with rotating tokens, but this authority ends the sign-in when the spent refresh token is tried.',
  };
}

/** How long all slots may take one after the other. */
function spanMs({ event, slots, latencyMs }: Cell): number {
  switch (event.kind) {
    case 'kill':
      return TAKEOVER_MS + (slots + 1) * latencyMs;
    case 'stop':
      return Math.max(event.forMs, TAKEOVER_MS) + (slots + 1) * latencyMs;
    case 'sign-in':
      return (slots + 1) * latencyMs;
    default:
      return slots * latencyMs;
  }
}
