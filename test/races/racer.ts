/** A race's process as its parent has it: orders go in, what became of its callers comes out. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import type { Account } from '../../src/broker/account.ts';
import {
  type Call,
  type Caught,
  caughtSchema,
  type Order,
  type Result,
  reportSchema,
  type TrapOrder,
} from './race-messages.ts';

export interface RacerOptions {
  readonly storeUri: string;
  readonly authorityUrl: string;
  readonly skewMs: number;
  /** Resolves once the authority has read a request. */
  readonly arrival: (requestId: string) => Promise<void>;
}

/** What the callers of one call had. */
export interface Settled {
  readonly call: Call;
  readonly results: readonly Result[];
  /** How many had nothing, because their process was killed, or did not answer in time. */
  readonly lost: number;
  readonly silent: number;
}

const START_MS = 30_000;

export class Racer {
  /** Log events that no race may cause, and faults of the process itself. */
  readonly alarms: string[] = [];
  /** Resolves when the trap has sprung here. */
  readonly caught: Promise<Caught>;
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #settled = new Map<string, (results: readonly Result[]) => void>();
  readonly #storeAnswers = new Map<number, () => void>();
  #waves = 0;

  private constructor(child: ChildProcess, arrival: RacerOptions['arrival']) {
    this.#child = child;
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    child.once('exit', () => ended.resolve());
    const caught = Promise.withResolvers<Caught>();
    this.caught = caught.promise;
    if (child.stdout) {
      createInterface(child.stdout).on('line', (line) => {
        caught.resolve(caughtSchema.parse(JSON.parse(line)));
      });
    }
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.alarms.push(text.trim()));
    child.on('message', (message) => this.#read(message, arrival));
    // An order to a process that was just killed has nobody to read it.
    child.on('error', () => undefined);
  }

  static async start({ arrival, ...options }: RacerOptions): Promise<Racer> {
    const child = fork('test/races/race-process.ts', { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const racer = new Racer(child, arrival);
    racer.order({ kind: 'open', ...options });
    const [first]: unknown[] = await once(child, 'message', {
      signal: AbortSignal.timeout(START_MS),
    });
    reportSchema.parse(first);
    return racer;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  order(order: Order): void {
    if (this.isAlive && this.#child.connected) this.#child.send(order);
  }

  arm(trap: TrapOrder): void {
    this.order({ kind: 'arm', trap });
  }

  /**
   * Lets the callers loose; resolves when all have something, or will have nothing. Patient ones
   * come back when they are told to.
   */
  async acquire(
    account: Account,
    calls: readonly Call[],
    { waitMs, patient }: { waitMs: number; patient: boolean },
  ): Promise<Settled[]> {
    this.#waves += 1;
    const wave = this.#waves;
    const nothing: readonly Result[] = [];
    const late = wait(waitMs, 'silent' as const, { ref: false });
    const killed = this.ended.then(() => 'lost' as const);
    const settled = calls.map(async (call): Promise<Settled> => {
      const answer = Promise.withResolvers<readonly Result[]>();
      this.#settled.set(`${wave} ${call.name}`, answer.resolve);
      const results = await Promise.race([answer.promise, killed, late]);
      const lost = results === 'lost' ? call.callers : 0;
      const silent = results === 'silent' ? call.callers : 0;
      return { call, results: typeof results === 'string' ? nothing : results, lost, silent };
    });
    this.order({ kind: 'acquire', wave, account, patient, calls: [...calls] });
    return await Promise.all(settled);
  }

  /** Resolves when its store takes writes, or it has ended. */
  async awaitStore(): Promise<void> {
    this.#waves += 1;
    const wave = this.#waves;
    const answers = Promise.withResolvers<void>();
    this.#storeAnswers.set(wave, answers.resolve);
    this.order({ kind: 'await-store', wave });
    await Promise.race([answers.promise, this.ended]);
  }

  /** Lets a stopped process go on. */
  wake(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Ends it in order: its flights land, its outbox is written. */
  async close(ms: number): Promise<void> {
    this.order({ kind: 'close' });
    const timer = setTimeout(() => {
      this.alarms.push('did not close');
      this.#child.kill('SIGKILL');
    }, ms);
    if (this.isAlive) await this.ended;
    clearTimeout(timer);
  }

  #read(message: unknown, arrival: RacerOptions['arrival']): void {
    const report = reportSchema.parse(message);
    switch (report.kind) {
      case 'ready':
        return;
      case 'sent': {
        const { requestId } = report;
        arrival(requestId).then(
          () => this.order({ kind: 'arrived', requestId }),
          (error: unknown) => this.alarms.push(String(error)),
        );
        return;
      }
      case 'settled':
        this.#settled.get(`${report.wave} ${report.name}`)?.(report.results);
        return;
      case 'store-answers':
        this.#storeAnswers.get(report.wave)?.();
        return;
      case 'alarm':
        this.alarms.push(report.event);
    }
  }
}
