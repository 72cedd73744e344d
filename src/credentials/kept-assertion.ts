/** Assertions that someone else gives: each is used until shortly before it expires. */
import type { CredentialSource, LoadedCredential } from './credential-source.ts';

/** Clocks differ, and what is sent takes its time: the reference system has no such margin, and fails there. */
const MARGIN_MS = 300_000;
/** The least time between a renewal that failed and the next, while the one before is still good. */
const RETRY_MS = 10_000;

export interface KeptAssertionOptions {
  readonly fetch: () => Promise<LoadedCredential>;
  readonly prepare: () => Promise<unknown>;
  readonly now: () => number;
}

interface Kept {
  readonly loaded: LoadedCredential;
  readonly renewAt: number;
}

export class KeptAssertion implements CredentialSource {
  readonly isNear = false;
  readonly #options: KeptAssertionOptions;
  #kept: Kept | undefined;
  #flight: Promise<LoadedCredential> | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(options: KeptAssertionOptions) {
    this.#options = options;
  }

  /** One that says of no end is asked for each time; in the margin, one is renewed behind whoever asks. */
  async current(): Promise<LoadedCredential> {
    const now = this.#options.now();
    const validTo = this.#kept?.loaded.validTo ?? 0;
    if (!this.#kept || now >= validTo) return await this.reload();
    const restMs = this.#notBefore - now;
    if (now >= this.#kept.renewAt && (restMs <= 0 || restMs > RETRY_MS)) {
      this.#notBefore = now + RETRY_MS;
      // What the margin is for: nobody waits, and its giver may be away for a while.
      this.reload().catch(() => {});
    }
    return this.#kept.loaded;
  }

  reload(): Promise<LoadedCredential> {
    this.#flight ??= this.#fetch().finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  async prepare(): Promise<void> {
    await this.#options.prepare();
  }

  async #fetch(): Promise<LoadedCredential> {
    const { fetch, now } = this.#options;
    const loaded = await fetch();
    const lifeMs = (loaded.validTo ?? 0) - now();
    // Of a short one, half: margins that eat the whole life would ask each time.
    this.#kept = { loaded, renewAt: now() + Math.max(lifeMs - MARGIN_MS, lifeMs / 2) };
    return loaded;
  }
}
