/** Assertions that someone else gives: each is used until shortly before it expires. */
import type { CredentialSource, LoadedCredential } from './credential-source.ts';

/** Clocks differ, and what is sent takes its time: the reference system has no such margin, and fails there. */
const MARGIN_MS = 300_000;

export interface KeptAssertionOptions {
  readonly fetch: () => Promise<LoadedCredential>;
  readonly prepare: () => Promise<void>;
  readonly now: () => number;
}

export class KeptAssertion implements CredentialSource {
  readonly restMs = 10_000;
  readonly #options: KeptAssertionOptions;
  #kept: { readonly loaded: LoadedCredential; readonly usableUntil: number } | undefined;
  #flight: Promise<LoadedCredential> | undefined;

  constructor(options: KeptAssertionOptions) {
    this.#options = options;
  }

  async current(): Promise<LoadedCredential> {
    const now = this.#options.now();
    if (this.#kept && now < this.#kept.usableUntil) return this.#kept.loaded;
    try {
      return await this.reload();
    } catch (error) {
      // The margin is for this, too: what is still valid serves while its giver is away.
      const validTo = this.#kept?.loaded.validTo;
      if (this.#kept && validTo !== undefined && now < validTo) return this.#kept.loaded;
      throw error;
    }
  }

  /** One that says of no end is asked for each time. */
  reload(): Promise<LoadedCredential> {
    this.#flight ??= this.#fetch().finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  prepare(): Promise<void> {
    return this.#options.prepare();
  }

  async #fetch(): Promise<LoadedCredential> {
    const { fetch, now } = this.#options;
    const loaded = await fetch();
    const lifeMs = (loaded.validTo ?? 0) - now();
    // Of a short one, half: margins that eat the whole life would ask each time.
    this.#kept = { loaded, usableUntil: now() + Math.max(lifeMs - MARGIN_MS, lifeMs / 2) };
    return loaded;
  }
}
