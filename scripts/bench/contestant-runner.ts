/** The parent's side of a contestant's process. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import {
  type Entry,
  type Order,
  type Round,
  type RoundOrder,
  roundSchema,
  type Weight,
  weightSchema,
} from './contestant.ts';

export class ContestantRunner {
  readonly #child: ChildProcess;
  #answer = Promise.withResolvers<unknown>();

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => this.#answer.resolve(message));
    child.on('exit', () => {
      this.#answer.reject(new Error('a contestant ended early; it says above why'));
    });
    // Only while an answer is waited for is an early end a failure.
    this.#answer.promise.catch(() => undefined);
  }

  /** @throws {Error} the process ended before it was ready. */
  static async start(entry: Entry): Promise<ContestantRunner> {
    const file = join(import.meta.dirname, 'contestant-process.ts');
    const child = fork(file, [JSON.stringify(entry)], {
      execArgv: ['--expose-gc'],
      env: { PATH: process.env['PATH'] },
    });
    const runner = new ContestantRunner(child);
    await runner.#answer.promise;
    return runner;
  }

  /** One order at a time. @throws {Error} the process ended meanwhile. */
  async round(order: RoundOrder): Promise<Round> {
    return roundSchema.parse(await this.#ask(order));
  }

  async weigh(): Promise<Weight> {
    return weightSchema.parse(await this.#ask('weigh'));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#answer.promise.catch(() => undefined);
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  async #ask(order: Order): Promise<unknown> {
    this.#answer = Promise.withResolvers();
    this.#child.send(order);
    return await this.#answer.promise;
  }
}
