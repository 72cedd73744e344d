/** Turns: work on one name is done one at a time, in the order it was asked for. */
import { NotDone } from './answer-watch.ts';

/** Who waits longer than a second gives up, so this many are more than a store serves. */
const MAX_WAITING = 1000;

interface Line {
  last: Promise<unknown>;
  length: number;
}

/** A name is forgotten once nobody is waiting for it. */
export class Turns {
  readonly #lines = new Map<string, Line>();

  /** @throws {NotDone} too many wait already. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(name) ?? { last: Promise.resolve(), length: 0 };
    if (line.length >= MAX_WAITING) throw new NotDone('it is too busy');
    line.length += 1;
    this.#lines.set(name, line);
    const turn = line.last.then(work);
    // Whoever comes next waits for the end of this, not for its success.
    line.last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      line.length -= 1;
      if (line.length === 0) this.#lines.delete(name);
    }
  }

  /** How many names somebody is waiting for. */
  get size(): number {
    return this.#lines.size;
  }
}
