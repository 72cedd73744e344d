/** Runs one cell: starts its parts, signs people in, lets the callers loose, makes the event, counts. */
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import type { Account, Redemption } from '../../src/broker/account.ts';
import type { Cell } from './cell.ts';
import { Desk, type Left, type Renewal } from './desk.ts';
import { bystander, callOf, graphCall, mixedCalls, racer, type Wanted } from './race-call.ts';
import type { Act, Point, Result } from './race-messages.ts';
import { type RaceStore, startRaceStore } from './race-store.ts';
import { Racer, type Settled } from './racer.ts';
import { RefreshCount } from './refresh-count.ts';
import { countCallers, type Tally, tallyOf } from './tally.ts';

export interface Outcome {
  /** Refreshes that the authority saw, by slot, until all callers and those after them were answered. */
  readonly refreshes: ReadonlyMap<string, number>;
  readonly callers: Tally;
  /** Those who come when all is over, one for each process and slot. */
  readonly later: Tally;
  readonly left: Left;
  /** What the use of the refresh token brings in the end. */
  readonly renewal: Renewal;
  /** After a sign-in in the middle: whether its grant is the one that stands. */
  readonly isNewerGrant: boolean | undefined;
  /** And how many callers had a token of the older one, though the newer brought one for them. */
  readonly olderTokens: number;
  /** What a new sign-in brings, where one is needed. */
  readonly newSignIn: Renewal | undefined;
  /** Another person's callers, and their refreshes. */
  readonly bystander: Tally & { readonly refreshes: number };
  readonly alarms: readonly string[];
}

const CALLERS = 200;
const BYSTANDERS = 10;
const SESSION = 'first';
const CAUGHT_MS = 60_000;
const IMPATIENT = { waitMs: 60_000, patient: false };
const PATIENT = { waitMs: 120_000, patient: true };
const CLOSE_MS = 60_000;
const AWAY_AFTER_ANSWER_MS = 3000;
const SKEW_MS = 120_000;
const THROTTLE_SECONDS = 6;

export async function runCell(cell: Cell): Promise<Outcome> {
  const parts = new AsyncDisposableStack();
  try {
    const store = parts.adopt(await startRaceStore(cell.store), (each) => each.stop());
    const sandbox = await startSandbox({ refreshTokens: cell.mode });
    parts.defer(() => sandbox.close());
    const desk = parts.adopt(await Desk.open(store.uri, sandbox), (each) => each.close());
    const race = parts.adopt(new Race(cell, store, sandbox, desk), (each) => each.kill());
    return await race.run();
  } finally {
    await parts.disposeAsync();
  }
}

class Race {
  readonly #cell: Cell;
  readonly #store: RaceStore;
  readonly #sandbox: Sandbox;
  readonly #desk: Desk;
  readonly #count: RefreshCount;
  readonly #calls: readonly Wanted[];
  readonly #racers: Racer[] = [];
  readonly #bystanders: Promise<Settled[]>[] = [];

  constructor(cell: Cell, store: RaceStore, sandbox: Sandbox, desk: Desk) {
    this.#cell = cell;
    this.#store = store;
    this.#sandbox = sandbox;
    this.#desk = desk;
    this.#count = new RefreshCount(sandbox);
    this.#calls = cell.slots === 1 ? [graphCall] : mixedCalls;
    process.once('exit', this.#killAll);
  }

  async run(): Promise<Outcome> {
    const desk = this.#desk;
    const numbers = Array.from({ length: this.#cell.processes }, (_, n) => n);
    await Promise.all(numbers.map((n) => this.#startRacer(n)));
    const account = await desk.keepOld(await desk.redeem(racer, this.#calls, SESSION));
    const other = await desk.keepOld(await desk.redeem(bystander, [graphCall], SESSION));
    const anew =
      this.#cell.event.kind === 'sign-in'
        ? await desk.redeem(racer, this.#calls, 'second')
        : undefined;
    await this.#prepareAuthority();

    const callers = await this.#race(account, other, anew);
    const later = await this.#afterwards(account, other);
    const bystanding = (await Promise.all(this.#bystanders)).flat();
    await Promise.all(this.#living().map((each) => each.close(CLOSE_MS)));

    const refreshes = this.#count.of(racer, this.#calls);
    const bystanderRefreshes = this.#count.total(bystander);
    this.#sandbox.controls.setLatencyMs(0);
    const left = await desk.left(account.id);
    const renewal = await desk.renew(account, racer);
    const isOlder = ({ token }: Result) => token !== undefined && token !== anew?.accessToken;
    const forGraph = [...callers, ...later].filter(({ call }) => call.name === graphCall.name);
    return {
      refreshes,
      callers: tallyOf(callers, racer),
      later: tallyOf(later, racer),
      left,
      renewal,
      isNewerGrant: anew && (await desk.signInOf(account.id)) === anew.identity.sid,
      olderTokens: anew ? countCallers(forGraph, isOlder) : 0,
      newSignIn: renewal === 'works' ? undefined : await desk.signInAgain(racer, this.#calls),
      bystander: { ...tallyOf(bystanding, bystander), refreshes: bystanderRefreshes },
      alarms: this.#racers.flatMap(({ alarms }) => alarms),
    };
  }

  /** A stopped process would outlive this one. */
  readonly #killAll = () => {
    for (const each of this.#racers) each.kill();
  };

  /** Leaves no process behind. */
  async kill(): Promise<void> {
    process.off('exit', this.#killAll);
    this.#killAll();
    await Promise.all(this.#racers.map((each) => each.ended));
  }

  async #prepareAuthority(): Promise<void> {
    const { event, latencyMs } = this.#cell;
    const { controls } = this.#sandbox;
    if (event.kind === 'unknown-key') await controls.rotateKeys({ publish: false });
    if (event.kind === 'throttled') controls.throttle('authority', 1, THROTTLE_SECONDS);
    controls.setLatencyMs(latencyMs);
  }

  /** All callers at once, and the event in their middle. */
  async #race(
    account: Account,
    other: Account,
    anew: Redemption | undefined,
  ): Promise<readonly Settled[]> {
    const { callers = CALLERS, processes } = this.#cell;
    const trap = trapOf(this.#cell);
    if (trap) for (const each of this.#racers) each.arm({ ...trap, accountId: account.id });
    const waiting = this.#living().map((each) => this.#loose(each, account, callers / processes));
    if (trap) {
      const caught = await this.#caught();
      for (const each of this.#racers) each.order({ kind: 'disarm' });
      await this.#makeEvent(caught, account, other, anew);
    }
    const settled = (await Promise.all(waiting)).flat();
    if (this.#living().length > 0) return settled;
    // The site's only process is started again, and all come back.
    const again = await this.#startRacer(0);
    return [...settled, ...(await this.#loose(again, account, callers))];
  }

  async #makeEvent(
    caught: Racer,
    account: Account,
    other: Account,
    anew: Redemption | undefined,
  ): Promise<void> {
    const { event } = this.#cell;
    const wake = () => {
      caught.order({ kind: 'go' });
      caught.wake();
    };
    switch (event.kind) {
      case 'kill':
        await caught.ended;
        this.#bystand(this.#living(), other);
        return;
      case 'stop':
        this.#bystand(
          this.#living().filter((each) => each !== caught),
          other,
        );
        await wait(event.forMs);
        return wake();
      case 'sign-out':
        await this.#desk.forget(account, SESSION);
        return wake();
      case 'sign-in':
        if (anew) await this.#desk.keep(anew);
        return wake();
      case 'store-frozen':
        this.#store.freeze();
        wake();
        await wait(this.#cell.latencyMs + AWAY_AFTER_ANSWER_MS);
        return this.#store.thaw();
      case 'store-killed':
        await this.#store.stop();
        wake();
        await wait(this.#cell.latencyMs + AWAY_AFTER_ANSWER_MS);
        return await this.#store.start();
    }
  }

  /** Who comes when the event is over. */
  async #afterwards(account: Account, other: Account): Promise<readonly Settled[]> {
    this.#sandbox.controls.publishKeys();
    await Promise.all(this.#living().map((each) => each.awaitStore()));
    if (this.#bystanders.length === 0) this.#bystand(this.#living(), other);
    const later = this.#living().map((each) =>
      this.#loose(each, account, this.#calls.length, PATIENT),
    );
    return (await Promise.all(later)).flat();
  }

  #living(): Racer[] {
    return this.#racers.filter((each) => each.isAlive);
  }

  async #startRacer(number: number): Promise<Racer> {
    const started = await Racer.start({
      storeUri: this.#store.uri,
      authorityUrl: this.#sandbox.url,
      skewMs: this.#cell.event.kind !== 'skew' ? 0 : number % 2 === 0 ? SKEW_MS : -SKEW_MS,
      arrival: (requestId) => this.#count.arrival(requestId),
    });
    this.#racers.push(started);
    return started;
  }

  /** Spreads callers over the calls of a race, in one process. */
  #loose(each: Racer, account: Account, callers: number, how = IMPATIENT): Promise<Settled[]> {
    const least = Math.floor(callers / this.#calls.length);
    const calls = this.#calls.map((wanted, n) => {
      const more = n < callers % this.#calls.length ? 1 : 0;
      return callOf(wanted, least + more);
    });
    return each.acquire(account, calls, how);
  }

  #bystand(racers: readonly Racer[], other: Account): void {
    for (const each of racers) {
      this.#bystanders.push(each.acquire(other, [callOf(graphCall, BYSTANDERS)], IMPATIENT));
    }
  }

  async #caught(): Promise<Racer> {
    const late = wait(CAUGHT_MS, undefined, { ref: false });
    const first = this.#racers.map((each) => each.caught.then(() => each));
    const caught = await Promise.race([...first, late]);
    if (!caught) throw new Error('the trap did not spring');
    return caught;
  }
}

/** Before a request is sent nothing can be awaited: who is to be held there is stopped. */
function trapOf({ event }: Cell): { at: Point; act: Act } | undefined {
  if (!('at' in event)) return undefined;
  if (event.kind === 'kill' || event.kind === 'stop') return { at: event.at, act: event.kind };
  return { at: event.at, act: event.at === 'before-send' ? 'stop' : 'hold' };
}
