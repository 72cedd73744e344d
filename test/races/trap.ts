/** The trap in a race's process: it kills, stops or holds the holder of the lease at one point of its refresh. */
import { writeSync } from 'node:fs';
import process from 'node:process';
import type { Caught, Point, TrapOrder } from './race-messages.ts';

const STANDARD_OUTPUT = 1;
/** No work is done after the signal, though another thread of this process may take it. */
const SIGNAL_MS = 100;

/** Springs once. */
export class Trap {
  #armed: TrapOrder | undefined;
  #released = Promise.withResolvers<void>();

  arm(order: TrapOrder): void {
    this.#armed = order;
    this.#released = Promise.withResolvers<void>();
  }

  disarm(): void {
    this.#armed = undefined;
  }

  /** Lets go of what is held. */
  release(): void {
    this.#released.resolve();
  }

  isSetAt(at: Point, accountId: string): boolean {
    return this.#armed?.at === at && this.#armed.accountId === accountId;
  }

  /** For points where nothing may be awaited: holding is not possible there. */
  spring(at: Point, accountId: string): void {
    if (!this.#armed || !this.isSetAt(at, accountId)) return;
    const { act } = this.#armed;
    this.disarm();
    const caught: Caught = { at, act };
    // The parent knows before the signal is given.
    writeSync(STANDARD_OUTPUT, `${JSON.stringify(caught)}\n`);
    if (act === 'hold') return;
    process.kill(process.pid, act === 'kill' ? 'SIGKILL' : 'SIGSTOP');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SIGNAL_MS);
  }

  async reach(at: Point, accountId: string): Promise<void> {
    const holds = this.isSetAt(at, accountId) && this.#armed?.act === 'hold';
    this.spring(at, accountId);
    if (holds) await this.#released.promise;
  }
}
