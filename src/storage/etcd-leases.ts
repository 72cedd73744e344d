/** Leases of etcd, each shared by all records of this process that end at about the same time. */

/** Records may share a lease, and so end later than asked, by this part of their time to live. */
const PRECISION = 64;
const SECOND_MS = 1000;

/**
 * A lease for each record would cost two more writes of the whole cluster a write, and leave behind
 * those whose record is overwritten. So there are about a hundred for each length of life.
 *
 * No wall clock is used: leases are of this process, and etcd ends them by its own.
 */
export class EtcdLeases {
  readonly #grant: (seconds: number) => Promise<string>;
  readonly #monotonic: () => number;
  /** By the end they were granted for, in milliseconds of `#monotonic`. */
  readonly #leases = new Map<number, Promise<string>>();

  constructor(
    grant: (seconds: number) => Promise<string>,
    monotonic: () => number = () => performance.now(),
  ) {
    this.#grant = grant;
    this.#monotonic = monotonic;
  }

  /** A lease that ends when `ttlMs` is over or somewhat later, but not before. */
  async take(ttlMs: number): Promise<string> {
    const now = this.#monotonic();
    const gridMs = Math.max(SECOND_MS, 2 ** Math.floor(Math.log2(ttlMs / PRECISION)));
    const end = Math.ceil((now + ttlMs) / gridMs) * gridMs;
    const known = this.#leases.get(end);
    if (known !== undefined) return await known;
    for (const past of this.#leases.keys()) if (past <= now) this.#leases.delete(past);
    const lease = this.#grant(Math.ceil((end - now) / SECOND_MS));
    this.#leases.set(end, lease);
    // A grant that failed is not to fail those who come later.
    lease.catch(() => this.#leases.delete(end));
    return await lease;
  }

  /** Takes no lease from before any more: etcd does not know them. */
  forget(): void {
    this.#leases.clear();
  }

  get size(): number {
    return this.#leases.size;
  }
}
