/** One credential of the list while the site runs: what it is now, and what is known against it. */
import type { ClientCredential } from '../config/settings.ts';
import { Misconfigured } from '../errors.ts';
import type { Log } from '../log.ts';
import {
  type CredentialSource,
  CredentialUnusable,
  type LoadedCredential,
} from './credential-source.ts';
import { type CredentialStatus, credentialStatus } from './credential-status.ts';
import { LastAccepted } from './last-accepted.ts';
import { type CredentialRefusal, RefusalMemory } from './refusal-memory.ts';
import { isResting, restAfter } from './rest.ts';
import { untimeliness } from './untimeliness.ts';

export interface SlotParts {
  readonly source: CredentialSource;
  readonly now: () => number;
  readonly log: Log;
}

interface Problem extends Pick<CredentialUnusable, 'fix' | 'isPassing' | 'trouble'> {
  readonly text: string;
  readonly restUntil: number;
}

/** Many requests may be refused at once: what was just loaded anew is not loaded again. */
const RELOAD_PAUSE_MS = 2000;

export class CredentialSlot {
  readonly credential: ClientCredential;
  readonly isNear: boolean;
  readonly #parts: SlotParts;
  readonly #refusals: RefusalMemory;
  readonly #lastAccepted = new LastAccepted();
  #loaded: LoadedCredential | undefined;
  #problem: Problem | undefined;
  #failures = 0;
  /** What went wrong in its use, though it loads well. */
  #misuse: (Problem & { readonly fingerprint: string; readonly failures: number }) | undefined;
  #retry: Promise<LoadedCredential | undefined> | undefined;
  #reload: Promise<LoadedCredential | undefined> | undefined;
  #reloadedAt = Number.NEGATIVE_INFINITY;

  constructor(credential: ClientCredential, parts: SlotParts) {
    this.credential = credential;
    this.#parts = parts;
    this.isNear = parts.source.isNear;
    this.#refusals = new RefusalMemory(parts.now);
  }

  /**
   * As it is now; `undefined` if it cannot be used. Nobody waits for what is known to be away: it is
   * asked for again behind them. One that took the place of a good certificate, and is refused or
   * cannot be used, leaves that one in use.
   */
  async usable(): Promise<LoadedCredential | undefined> {
    const isWaitedFor = this.#problem === undefined || this.isNear;
    if (!isWaitedFor) this.#startRetry();
    const loaded = isWaitedFor ? this.#unlessItFailed(await this.#loadCurrent()) : undefined;
    return loaded && !this.refusalOf(loaded) ? loaded : (this.#before() ?? loaded);
  }

  /** The same, for those who have nothing else: they wait for what is being asked for. */
  async awaited(): Promise<LoadedCredential | undefined> {
    return (await this.usable()) ?? this.#unlessItFailed(await this.#retry);
  }

  /** Loaded anew after a refusal, so that what was replaced at its source takes its place. */
  async reload(): Promise<LoadedCredential | undefined> {
    const { now, source } = this.#parts;
    if (this.#reload !== undefined) return await this.#reload;
    const elapsed = now() - this.#reloadedAt;
    if (elapsed >= 0 && elapsed < RELOAD_PAUSE_MS) return this.#problem ? undefined : this.#loaded;
    this.#reload = this.#load(() => source.reload()).finally(() => {
      this.#reload = undefined;
      this.#reloadedAt = now();
    });
    return await this.#reload;
  }

  refusalOf(loaded: LoadedCredential): CredentialRefusal | undefined {
    return this.#refusals.against(loaded);
  }

  refused(loaded: LoadedCredential, refusal: CredentialRefusal, turn: number): void {
    this.#lastAccepted.drop(loaded);
    if (!this.#refusals.refused(loaded, refusal, turn)) return;
    const { errorCodes, fix } = refusal;
    const about = { event: 'client_credential_refused', ...this.#name(loaded), errorCodes, fix };
    this.#parts.log.error(about, 'the authority refuses a credential of this site');
    this.#sayKept(fix);
  }

  /** `begun`: when the request began that was answered. Gives whether it counts. */
  accepted(loaded: LoadedCredential, begun: number): boolean {
    if (this.#loaded === loaded && !untimeliness(loaded, this.#parts.now())) this.#isWell();
    if (this.#misuse?.fingerprint === loaded.fingerprint) this.#misuse = undefined;
    this.#lastAccepted.accepted(loaded);
    return this.#refusals.accepted(loaded, begun);
  }

  /** What went wrong while it was used: signing, for one. What has replaced it takes its place at once. */
  async failed(loaded: LoadedCredential, error: CredentialUnusable): Promise<void> {
    const { fingerprint } = loaded;
    this.#lastAccepted.drop(loaded);
    const fresh = await this.reload();
    if (fresh && fresh.fingerprint !== fingerprint) return;
    const failures = this.#misuse?.fingerprint === fingerprint ? this.#misuse.failures : 0;
    const problem = this.#problemOf(error, failures, this.#misuse);
    this.#misuse = { ...problem, fingerprint, failures };
  }

  /** @throws {Misconfigured} code that it needs is not there, or is wrong. */
  async prepare(): Promise<void> {
    await this.#parts.source.prepare?.();
  }

  /** Whether what stands against it may be gone by itself in a moment. */
  get isAway(): boolean {
    return (this.#problem ?? this.#misuse)?.isPassing ?? false;
  }

  /** What stands against it now, in the authority's numbers. */
  get errorCodes(): readonly number[] | undefined {
    return this.#loaded && this.refusalOf(this.#loaded)?.errorCodes;
  }

  get status(): CredentialStatus {
    const loaded = this.#loaded;
    const problem = this.#problem ?? this.#misuse;
    const refusal = loaded && this.refusalOf(loaded);
    const before = problem || refusal ? this.#before() : undefined;
    const { credential } = this;
    const { count: refusals } = this.#refusals;
    return credentialStatus({ credential, loaded, before, problem, refusal, refusals });
  }

  #before(): LoadedCredential | undefined {
    return this.#lastAccepted.insteadOf(this.#loaded, this.#parts.now());
  }

  /** What loads well may fail when it is used; then one request tries it after each rest, and the others pass on. */
  #unlessItFailed(loaded: LoadedCredential | undefined): LoadedCredential | undefined {
    const misuse = this.#misuse;
    if (!loaded || misuse?.fingerprint !== loaded.fingerprint) return loaded;
    if (isResting(misuse.restUntil, this.#parts.now())) return undefined;
    const failures = misuse.failures + 1;
    this.#misuse = { ...misuse, failures, restUntil: this.#parts.now() + restAfter(failures) };
    return loaded;
  }

  #startRetry(): void {
    if (this.#retry !== undefined || isResting(this.#problem?.restUntil ?? 0, this.#parts.now()))
      return;
    // Each try counts, however many wait for it.
    this.#failures += 1;
    this.#retry = this.#loadCurrent().finally(() => {
      this.#retry = undefined;
    });
  }

  /** What has run out may have been renewed at its source. */
  async #loadCurrent(): Promise<LoadedCredential | undefined> {
    const { source, now } = this.#parts;
    return await this.#load(async () => {
      const loaded = await source.current();
      return untimeliness(loaded, now()) ? await source.reload() : loaded;
    });
  }

  /** Never rejects: what is wrong with one credential is no reason to leave the others unused. */
  async #load(load: () => Promise<LoadedCredential>): Promise<LoadedCredential | undefined> {
    try {
      const loaded = await load();
      this.#sayReplaced(loaded);
      this.#loaded = loaded;
      const untimely = untimeliness(this.#loaded, this.#parts.now());
      if (untimely) throw untimely;
      this.#isWell();
      return this.#loaded;
    } catch (error) {
      this.#note(this.#foreseen(error));
      return undefined;
    }
  }

  #foreseen(error: unknown): CredentialUnusable {
    if (error instanceof CredentialUnusable) return error;
    // A package or a module that cannot be loaded ends a start; after one it is as good as absent.
    if (error instanceof Misconfigured) {
      return new CredentialUnusable(error.message, { fix: 'Install or mend it, and start again.' });
    }
    const kind = error instanceof Error ? error.name : typeof error;
    const code = error instanceof Error && 'code' in error ? ` ${String(error.code)}` : '';
    // Without its message and cause, which may hold anything.
    const about = { event: 'client_credential_defect', ...this.#name(), kind: `${kind}${code}` };
    this.#parts.log.error(about, 'a credential cannot be loaded for a reason nobody foresaw');
    const fix = 'Make it anew; and tell whoever keeps this code.';
    return new CredentialUnusable(`it cannot be loaded (${kind}${code})`, { fix });
  }

  /** So that the one before can be removed at the authority. */
  #sayReplaced({ thumbprint, validTo }: LoadedCredential): void {
    const before = this.#loaded?.thumbprint;
    if (!thumbprint || !before || thumbprint === before) return;
    const expiresOn = validTo && new Date(validTo).toISOString();
    const about = { ...this.#name(), thumbprint, before, expiresOn };
    const event = 'client_credential_replaced';
    this.#parts.log.info({ event, ...about }, 'a certificate of this site was replaced');
  }

  #sayKept(fix: string): void {
    const before = this.#before();
    if (!before) return;
    const about = { event: 'client_credential_kept', ...this.#name(before), fix };
    this.#parts.log.warn(
      about,
      'a renewed certificate does not serve: the one before stays in use',
    );
  }

  #isWell(): void {
    this.#problem = undefined;
    this.#failures = 0;
  }

  #note(error: CredentialUnusable): void {
    const problem = this.#problemOf(error, this.#failures, this.#problem);
    if (this.#problem?.text !== problem.text) this.#sayKept(problem.fix);
    this.#problem = this.isNear ? { ...problem, restUntil: 0 } : problem;
  }

  /** The log is told of what is new. */
  #problemOf(error: CredentialUnusable, failures: number, before: Problem | undefined): Problem {
    const { message: text, fix, isPassing, trouble } = error;
    const { log, now } = this.#parts;
    const about = { event: 'client_credential_unusable', ...this.#name(), problem: text, fix };
    if (before?.text !== text) log.warn(about, 'a credential of this site cannot be used now');
    return { text, fix, isPassing, trouble, restUntil: now() + restAfter(failures) };
  }

  #name(loaded = this.#loaded) {
    const { key, sourceType } = this.credential;
    const thumbprint = loaded?.thumbprint;
    return { credential: key, sourceType, ...(thumbprint && { thumbprint }) };
  }
}
