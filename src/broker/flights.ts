/** The flights of this process: one for all who want the same, and one at a time in each lane. */
import { AppError, Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import type { AccessToken } from './account.ts';

export class Flights {
  readonly #log: Log;
  readonly #flights = new Map<string, Promise<AccessToken>>();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** The flight that is under way for `key`, else a new one, begun when its lane is free. */
  join(key: string, lane: string, start: () => Promise<AccessToken>): Promise<AccessToken> {
    const running = this.#flights.get(key);
    if (running !== undefined) return running;
    const flight = this.#afterOthers(lane, start).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    flight.catch((error: unknown) => this.#sayBug(error));
    return flight;
  }

  /** Resolves when no flight is under way, or after `ms`. @returns how many are still. */
  async settled(ms: number): Promise<number> {
    const all = Promise.allSettled(this.#turns.values()).then(() => 0);
    return await within(all, ms).catch(() => this.#flights.size);
  }

  /** Foreseen failures are said where they happen; any other is ours, and nobody may be waiting for it. */
  #sayBug(error: unknown): void {
    if (error instanceof AppError || !(error instanceof Error)) return;
    const { name, message, stack } = error;
    this.#log.error({ event: 'refresh_broke', name, problem: message, stack }, 'a bug');
  }

  /** Flights of one lane take turns in this process, so that only one asks for the lease. */
  #afterOthers<T>(lane: string, start: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(lane) ?? Promise.resolve();
    const turn = before.then(start, start);
    this.#turns.set(lane, turn);
    const leave = () => {
      if (this.#turns.get(lane) === turn) this.#turns.delete(lane);
    };
    turn.then(leave, leave);
    return turn;
  }
}

/** @throws {Unavailable} when the promise has not settled within `ms`; it goes on all the same. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Unavailable('Your tokens are still being renewed. Try again shortly.')),
      ms,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
