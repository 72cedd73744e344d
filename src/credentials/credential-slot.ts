/** One credential of the list while the site runs: what it is now, and what is known against it. */
import type { ClientCredential } from '../config/settings.ts';
import { Misconfigured } from '../errors.ts';
import type { Log } from '../log.ts';
import {
  type CredentialSource,
  CredentialUnusable,
  type LoadedCredential,
} from './credential-source.ts';

/** What the authority said when it refused a credential. */
export interface CredentialRefusal {
  readonly errorCodes: readonly number[];
  /** What the operator does about it. */
  readonly fix: string;
}

export interface CredentialStatus {
  /** Where it is written, such as `AzureAd:ClientCredentials:0`. */
  readonly key: string;
  readonly sourceType: ClientCredential['sourceType'];
  readonly state: 'unknown' | 'usable' | 'refused' | 'unusable';
  /** Why it is refused or cannot be used, and what to do. */
  readonly problem: string | undefined;
  readonly fix: string | undefined;
  /** Of a certificate, in epoch milliseconds: other proofs are renewed by whoever gives them. */
  readonly expiresAt: number | undefined;
  /** Since the start of this process. */
  readonly refusals: number;
}

export interface SlotParts {
  readonly source: CredentialSource;
  readonly now: () => number;
  readonly log: Log;
}

/** A refused credential comes last for so long: it may be mended at the authority, unseen from here. */
const REFUSED_MS = 900_000;
/** Whoever issued it may have a clock that is ahead of ours. */
const SKEW_MS = 60_000;

interface Problem {
  readonly text: string;
  readonly fix: string;
  readonly restUntil: number;
  readonly isPassing: boolean;
}

export class CredentialSlot {
  readonly credential: ClientCredential;
  readonly #parts: SlotParts;
  #loaded: LoadedCredential | undefined;
  #problem: Problem | undefined;
  #refusal: (CredentialRefusal & { readonly fingerprint: string; readonly at: number }) | undefined;
  #refusals = 0;

  constructor(credential: ClientCredential, parts: SlotParts) {
    this.credential = credential;
    this.#parts = parts;
  }

  /** As it is now; `undefined` if it cannot be used, which the log has been told once. */
  async usable(): Promise<LoadedCredential | undefined> {
    const { source, now } = this.#parts;
    if (this.#problem && now() < this.#problem.restUntil) return undefined;
    return await this.#load(() => source.current());
  }

  /** Loaded anew after a refusal, so that what was replaced at its source takes its place. */
  async reload(): Promise<void> {
    await this.#load(() => this.#parts.source.reload());
  }

  /** Whether the authority has refused this very credential of late. */
  isRefused({ fingerprint }: LoadedCredential): boolean {
    const refusal = this.#refusal;
    return refusal?.fingerprint === fingerprint && this.#parts.now() - refusal.at < REFUSED_MS;
  }

  refused({ fingerprint }: LoadedCredential, refusal: CredentialRefusal): void {
    const { log, now } = this.#parts;
    const isNews = this.#refusal?.fingerprint !== fingerprint;
    this.#refusal = { ...refusal, fingerprint, at: now() };
    this.#refusals += 1;
    const { errorCodes, fix } = refusal;
    const about = { event: 'client_credential_refused', ...this.#name(), errorCodes, fix };
    // Many requests may be under way with it: what they all say is said once.
    if (isNews) log.error(about, 'the authority refuses a credential of this site');
  }

  accepted({ fingerprint }: LoadedCredential): void {
    if (this.#refusal?.fingerprint === fingerprint) this.#refusal = undefined;
  }

  /** @throws {Misconfigured} code that it needs is not there, or is wrong. */
  async prepare(): Promise<void> {
    await this.#parts.source.prepare?.();
  }

  /** What went wrong while it was used: signing, for one. What has replaced it takes its place at once. */
  async failed({ fingerprint }: LoadedCredential, error: CredentialUnusable): Promise<void> {
    const fresh = await this.#load(() => this.#parts.source.reload());
    if (fresh?.fingerprint === fingerprint) this.#noteError(error);
  }

  /** What the authority said when it refused it last. */
  get errorCodes(): readonly number[] | undefined {
    return this.#refusal?.errorCodes;
  }

  get status(): CredentialStatus {
    const refusal = this.#loaded && this.isRefused(this.#loaded) ? this.#refusal : undefined;
    const { key, sourceType } = this.credential;
    const known = this.#loaded ? 'usable' : 'unknown';
    const refused =
      refusal &&
      `refused by the authority (${refusal.errorCodes.map((code) => `AADSTS${code}`).join(', ')})`;
    return {
      ...{ key, sourceType, refusals: this.#refusals, expiresAt: this.#expiresAt },
      state: this.#problem ? 'unusable' : refusal ? 'refused' : known,
      problem: this.#problem?.text ?? refused,
      fix: this.#problem?.fix ?? refusal?.fix,
    };
  }

  get #expiresAt(): number | undefined {
    return this.#loaded?.proof.kind === 'certificate' ? this.#loaded.validTo : undefined;
  }

  /** Whether what stands against it may be gone by itself in a moment. */
  get isAway(): boolean {
    return this.#problem?.isPassing ?? false;
  }

  async #load(load: () => Promise<LoadedCredential>): Promise<LoadedCredential | undefined> {
    let loaded: LoadedCredential;
    try {
      loaded = await load();
    } catch (error) {
      if (error instanceof CredentialUnusable) this.#noteError(error);
      // A package or a module that cannot be loaded stops a start; after one it is as good as absent.
      else if (error instanceof Misconfigured) this.#note(error.message, 'See the message.', false);
      else throw error;
      return undefined;
    }
    this.#loaded = loaded;
    const untimely = untimeliness(loaded, this.#parts.now());
    if (untimely !== undefined) {
      this.#note(untimely, 'Put one there that is valid now.', false);
      return undefined;
    }
    this.#problem = undefined;
    return loaded;
  }

  #noteError({ message, fix, isPassing }: CredentialUnusable): void {
    this.#note(message, fix, isPassing);
  }

  #note(text: string, fix: string, isPassing: boolean): void {
    const { log, now, source } = this.#parts;
    const isNews = this.#problem?.text !== text;
    this.#problem = { text, fix, restUntil: now() + source.restMs, isPassing };
    const about = { event: 'client_credential_unusable', ...this.#name(), problem: text, fix };
    if (isNews) log.warn(about, 'a credential of this site cannot be used now');
  }

  #name() {
    const { key, sourceType } = this.credential;
    return { credential: key, sourceType };
  }
}

function untimeliness({ validFrom, validTo }: LoadedCredential, now: number): string | undefined {
  const shown = (at: number) => new Date(at).toISOString();
  if (validTo !== undefined && validTo <= now) return `expired at ${shown(validTo)}`;
  if (validFrom === undefined || validFrom <= now + SKEW_MS) return undefined;
  return `is not valid before ${shown(validFrom)}`;
}
