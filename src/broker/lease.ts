/** The right to use an account's refresh token, held by one flight at a time among all processes. */
import type { Clock } from '../clock.ts';
import { Unavailable } from '../errors.ts';
import type { Storage } from '../storage/storage.ts';

export interface LeaseOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  /** Unguessable and new for each process. */
  readonly processId: string;
  readonly beatMs?: number;
  readonly takeoverMs?: number;
  readonly sendWindowMs?: number;
}

/** A lease that is held: its beat runs until it is released. */
export interface HeldLease {
  /** Whether its last holder went silent without releasing it, and so may have used the refresh token. */
  readonly takenOver: boolean;
  /**
   * Passes only while the lease is surely held: its last acknowledged beat is younger than 3 s.
   *
   * @throws {LeaseLost} otherwise.
   */
  assertFresh(): void;
  /** Keeps it, beating, after its release until `work` has settled. */
  keepFor(work: Promise<void>): void;
  release(): Promise<void>;
}

/** The lease may be another's by now; whatever was about to be sent must not be. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** Only clears away what a dead process left: whether a lease is held is told by its beat, never by this. */
const LEFTOVER_MS = 600_000;

/**
 * Leases in the store, each `{ owner, beat }`, beating every second.
 *
 * A lease whose bytes have not changed for 5 s on the observer's own monotonic clock is taken
 * over: no two clocks are ever compared.
 */
export class Lease {
  readonly #options: Required<LeaseOptions>;
  #takes = 0;

  constructor(options: LeaseOptions) {
    this.#options = { beatMs: 1000, takeoverMs: 5000, sendWindowMs: 3000, ...options };
  }

  /**
   * Takes the lease, waiting while another holds it. Within one process, ask for a name only when
   * nobody there holds it.
   *
   * @throws {Unavailable} the store is away, or the lease was not to be had within `waitMs`.
   */
  async take(name: string, waitMs: number): Promise<HeldLease> {
    const { storage, clock, processId, takeoverMs } = this.#options;
    const giveUpAt = clock.monotonic() + waitMs;
    this.#takes += 1;
    const owner = `${processId}.${this.#takes}`;
    let seen: { bytes: string; since: number } | undefined;
    for (let pauseMs = 10; clock.monotonic() < giveUpAt; pauseMs = Math.min(pauseMs * 1.5, 100)) {
      const bytes = await storage.get(name);
      if (seen?.bytes !== bytes)
        seen = bytes === undefined ? undefined : { bytes, since: clock.monotonic() };
      const silent = seen !== undefined && clock.monotonic() - seen.since >= takeoverMs;
      // Bytes of this process that nobody here holds are what a failed release left behind.
      const ours = bytes?.startsWith(`${processId}.`) ?? false;
      if (bytes === undefined || silent || ours) {
        const askedAt = clock.monotonic();
        const first = `${owner}.0`;
        if ((await storage.replace(name, bytes, first, LEFTOVER_MS)) === 'replaced') {
          return new Holding(name, owner, first, askedAt, silent, this.#options);
        }
      } else {
        await clock.sleep(pauseMs);
      }
    }
    throw new Unavailable('Your account is busy: another request is still renewing its tokens.');
  }
}

class Holding implements HeldLease {
  readonly takenOver: boolean;
  readonly #name: string;
  readonly #owner: string;
  readonly #options: Required<LeaseOptions>;
  #bytes: string;
  #beat = 0;
  #acknowledgedAt: number;
  #lost = false;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();
  #keptFor: Promise<void> | undefined;

  constructor(
    name: string,
    owner: string,
    bytes: string,
    acknowledgedAt: number,
    takenOver: boolean,
    options: Required<LeaseOptions>,
  ) {
    this.#name = name;
    this.#owner = owner;
    this.#bytes = bytes;
    this.#acknowledgedAt = acknowledgedAt;
    this.takenOver = takenOver;
    this.#options = options;
    this.#schedule();
  }

  assertFresh(): void {
    const age = this.#options.clock.monotonic() - this.#acknowledgedAt;
    if (this.#lost || age >= this.#options.sendWindowMs) {
      throw new LeaseLost('The lease was not renewed in time.');
    }
  }

  keepFor(work: Promise<void>): void {
    this.#keptFor = work;
  }

  async release(): Promise<void> {
    if (!this.#keptFor) return await this.#release();
    const release = () => this.#release();
    // Nobody waits for it.
    this.#keptFor.then(release, release);
  }

  async #release(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#beating;
    if (!this.#lost) await this.#replace(undefined);
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#beating = this.#renew().then(() => {
        if (this.#timer && !this.#lost) this.#schedule();
      });
    }, this.#options.beatMs);
  }

  async #renew(): Promise<void> {
    const askedAt = this.#options.clock.monotonic();
    this.#beat += 1;
    if (await this.#replace(`${this.#owner}.${this.#beat}`)) this.#acknowledgedAt = askedAt;
  }

  /** Never throws: a beat that fails leaves the last one to age, a release that fails is found again. */
  async #replace(next: string | undefined): Promise<boolean> {
    const { storage } = this.#options;
    try {
      if ((await storage.replace(this.#name, this.#bytes, next, LEFTOVER_MS)) === 'conflict') {
        // An earlier beat with an unknown outcome may have arrived after all.
        const bytes = await storage.get(this.#name);
        this.#lost = !bytes?.startsWith(`${this.#owner}.`);
        if (bytes === undefined || this.#lost) return false;
        this.#bytes = bytes;
        if ((await storage.replace(this.#name, bytes, next, LEFTOVER_MS)) === 'conflict')
          return false;
      }
      if (next !== undefined) this.#bytes = next;
      return true;
    } catch {
      return false;
    }
  }
}
