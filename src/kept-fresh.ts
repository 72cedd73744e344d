/** A value fetched once for all who ask, renewed in the background, and kept when renewing fails. */

export interface KeptFreshOptions<T> {
  readonly load: () => Promise<T>;
  /** Older than this, the value is still served and renewed in the background. */
  readonly freshMs: number;
  /** The least time between a failed renewal and the next. */
  readonly retryMs: number;
  readonly now: () => number;
  readonly onStale: (error: unknown) => void;
}

export class KeptFresh<T> {
  readonly #options: KeptFreshOptions<T>;
  #kept: { readonly value: T; readonly at: number } | undefined;
  #flight: Promise<T> | undefined;
  #notBefore = 0;

  constructor(options: KeptFreshOptions<T>) {
    this.#options = options;
  }

  /** The value kept, whatever its age; loaded only if there is none. Rejects as `load` does. */
  async current(): Promise<T> {
    if (!this.#kept) return await this.reload();
    const { now, freshMs, retryMs } = this.#options;
    const age = now() - this.#kept.at;
    const waitMs = this.#notBefore - now();
    // A clock that was set back would tell of a younger value, and of a longer wait, than there is.
    if ((age < 0 || age >= freshMs) && (waitMs <= 0 || waitMs > retryMs)) {
      // In the background: the caller has a value, and a failure was reported by `reload`.
      this.reload().catch(() => {});
    }
    return this.#kept.value;
  }

  /** Loads anew, joining a load under way. A failure leaves the value kept as it is. */
  reload(): Promise<T> {
    this.#flight ??= this.#load().finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  async #load(): Promise<T> {
    const { load, now, retryMs, onStale } = this.#options;
    try {
      const value = await load();
      this.#kept = { value, at: now() };
      return value;
    } catch (error) {
      // Reported here too, because nobody may be waiting for this load.
      this.#notBefore = now() + retryMs;
      onStale(error);
      throw error;
    }
  }
}
