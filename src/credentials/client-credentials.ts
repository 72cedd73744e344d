/** How this site proves who it is: its credentials in their order, each taking over where one is refused. */
import type { Audit } from '../audit.ts';
import type { ClientCredential } from '../config/settings.ts';
import { Misconfigured, Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import { CredentialSlot } from './credential-slot.ts';
import type { CredentialStatus } from './credential-status.ts';
import { CredentialUnusable, type LoadedCredential, type Proof } from './credential-source.ts';
import { credentialSourceOf } from './credential-source-of.ts';
import type { CredentialRefusal } from './refusal-memory.ts';

export interface CredentialsParts {
  readonly clientId: string;
  readonly now: () => number;
  readonly log: Log;
  readonly audit: Audit;
}

/** What an answer says of the credential it was asked with; `unjudged`: nothing, as it failed for something else. */
export type Verdict = 'accepted' | 'unjudged' | CredentialRefusal;

interface Attempt {
  readonly slot: CredentialSlot;
  readonly loaded: LoadedCredential;
}

/** As it was, and once more as it is when it was read anew. */
const ATTEMPTS_EACH = 2;
/** When all were refused, one request in so long asks again: the authority counts them. */
const QUIET_MS = 5000;
const TELL_EVERY_MS = 300_000;

export class ClientCredentials {
  readonly #slots: readonly CredentialSlot[];
  readonly #parts: CredentialsParts;
  #inUse: { readonly slot: CredentialSlot; readonly turn: number } | undefined;
  #quietFrom = 0;
  #isProbing = false;
  #isAllRefused = false;
  #isNoneLeft = false;
  #toldAt = Number.NEGATIVE_INFINITY;
  #turn = 0;

  /** Nothing is loaded yet. */
  constructor(credentials: readonly ClientCredential[], parts: CredentialsParts) {
    this.#parts = parts;
    this.#slots = credentials.map((credential) => {
      const source = credentialSourceOf(credential, parts);
      return new CredentialSlot(credential, { ...parts, source });
    });
  }

  /**
   * What `send` answers with the first credential that can be used and is not refused. Each is tried
   * once; one that was refused and is another when it is read anew is tried as such. The refusal of
   * the last one is the answer.
   *
   * @throws {Misconfigured} no credential can be used.
   * @throws {Unavailable} none can be used now, as what gives it is away, or all were refused a moment ago.
   */
  async use<T>(
    send: (proof: Proof) => Promise<T>,
    judge: (answer: T, proof: Proof) => Verdict,
  ): Promise<T> {
    const isProbe = this.#beginProbe();
    try {
      return await this.#useEach(send, judge);
    } finally {
      if (isProbe) this.#isProbing = false;
    }
  }

  async #useEach<T>(
    send: (proof: Proof) => Promise<T>,
    judge: (answer: T, proof: Proof) => Verdict,
  ): Promise<T> {
    const tried: Attempt[] = [];
    let refused: { readonly answer: T; readonly isCertain: boolean } | undefined;
    for (let next = await this.#next(tried); next; next = await this.#next(tried)) {
      tried.push(next);
      const begun = this.#nextTurn();
      const answer = await this.#send(send, next);
      if (answer === undefined) continue;
      const verdict = judge(answer.value, next.loaded.proof);
      if (verdict === 'accepted') this.#accepted(next, begun);
      // It got past the credential, or was not looked at: either way the quiet has no more reason.
      if (verdict === 'accepted' || verdict === 'unjudged') {
        this.#isAllRefused = false;
        return answer.value;
      }
      refused = {
        answer: answer.value,
        isCertain: verdict.isCertain && refused?.isCertain !== false,
      };
      if (!verdict.isCertain) continue;
      next.slot.refused(next.loaded, verdict, this.#nextTurn());
      await next.slot.reload();
    }
    if (refused && !refused.isCertain) return refused.answer;
    this.#sayNoneIsLeft();
    if (!refused || this.#slots.some(({ isAway }) => isAway)) throw this.#nothingUsable();
    this.#isAllRefused = true;
    this.#quietFrom = this.#parts.now();
    return refused.answer;
  }

  /** Loads the code that credentials need. @throws {Misconfigured} some is not there, or is wrong. */
  async prepare(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.prepare()));
  }

  /** Loads each credential, so that `status` knows of it and the log is told what is wrong. */
  async review({ isFar = true } = {}): Promise<readonly CredentialStatus[]> {
    const looked = this.#slots.filter(({ isNear }) => isFar || isNear);
    await Promise.all(looked.map((slot) => slot.awaited()));
    return this.status;
  }

  get status(): readonly CredentialStatus[] {
    return this.#slots.map(({ status }) => status);
  }

  /** Where the credential is written that was accepted last; `undefined` before the first. */
  get inUse(): string | undefined {
    return this.#isNoneLeft ? undefined : this.#inUse?.slot.credential.key;
  }

  #nextTurn(): number {
    this.#turn += 1;
    return this.#turn;
  }

  /** While all are refused one request at a time asks, and pauses are kept between. @throws {Unavailable} */
  #beginProbe(): boolean {
    if (!this.#isAllRefused) return false;
    const elapsed = this.#parts.now() - this.#quietFrom;
    // A clock that was set back ends it, too.
    const isQuiet = elapsed >= 0 && elapsed < QUIET_MS;
    if (isQuiet || this.#isProbing) throw this.#unavailable();
    this.#isProbing = true;
    return true;
  }

  /** In their order; those refused of late come last, as they may have been mended at the authority. */
  async #next(tried: readonly Attempt[]): Promise<Attempt | undefined> {
    const now = await this.#first(tried, (slot) => slot.usable());
    if (now && !now.slot.refusalOf(now.loaded)) return now;
    // Before one that was refused is asked about again, what was away a moment ago is waited for.
    const isTried = (slot: CredentialSlot) => tried.some((each) => each.slot === slot);
    const later = await this.#first(tried, async (slot) =>
      isTried(slot) ? undefined : await slot.awaited(),
    );
    return later && !later.slot.refusalOf(later.loaded) ? later : (now ?? later);
  }

  async #first(
    tried: readonly Attempt[],
    load: (slot: CredentialSlot) => Promise<LoadedCredential | undefined>,
  ): Promise<Attempt | undefined> {
    let last: Attempt | undefined;
    for (const slot of this.#slots) {
      const loaded = await load(slot);
      if (!loaded || wasTried({ slot, loaded }, tried)) continue;
      if (!slot.refusalOf(loaded)) return { slot, loaded };
      last ??= { slot, loaded };
    }
    return last;
  }

  /** `undefined`: the credential failed before the authority answered to it. */
  async #send<T>(
    send: (proof: Proof) => Promise<T>,
    { slot, loaded }: Attempt,
  ): Promise<{ readonly value: T } | undefined> {
    try {
      return { value: await send(loaded.proof) };
    } catch (error) {
      if (!(error instanceof CredentialUnusable)) {
        // The authority is away: that is another trouble.
        this.#isAllRefused = false;
        throw error;
      }
      // The next one may do: a vault that cannot sign now is no reason to fail.
      await slot.failed(loaded, error);
      return undefined;
    }
  }

  #accepted({ slot, loaded }: Attempt, begun: number): void {
    const before = this.#inUse;
    const errorCodes = before?.slot.errorCodes;
    // An answer that was long under way says nothing of what has happened since.
    if (!slot.accepted(loaded, begun) || (before && begun < before.turn)) return;
    const isRecovered = this.#isNoneLeft;
    this.#isNoneLeft = false;
    if (before?.slot === slot && !isRecovered) return;
    this.#inUse = { slot, turn: this.#nextTurn() };
    const { key: credential, sourceType } = slot.credential;
    const about = { event: 'client_credential_in_use', credential, sourceType };
    this.#parts.log.info(about, 'the authority takes this credential');
    if (!before || before.slot === slot) return;
    const replaced = before.slot.credential.key;
    this.#parts.audit({ event: 'credential_failover', credential, replaced, errorCodes });
  }

  /** Once, and again as long as it lasts: what is told once is soon far up in a log. */
  #sayNoneIsLeft(): void {
    const now = this.#parts.now();
    if (this.#isNoneLeft && now - this.#toldAt < TELL_EVERY_MS) return;
    this.#isNoneLeft = true;
    this.#toldAt = now;
    const credentials = this.status.map(({ key, problem, fix }) => ({
      credential: key,
      problem,
      fix,
    }));
    const about = { event: 'client_credentials_exhausted', credentials };
    const message =
      'no credential of this site is good: nobody can sign in, no token can be renewed';
    this.#parts.log.error(about, message);
  }

  #nothingUsable(): Misconfigured | Unavailable {
    return this.#slots.some(({ isAway }) => isAway) ? this.#unavailable() : this.#refusedAll();
  }

  /** Not held against anyone for longer. */
  #unavailable(): Unavailable {
    const message = 'This site cannot prove who it is just now. Try again shortly.';
    return new Unavailable(message, { cause: this.#cause(), retryAfterSeconds: QUIET_MS / 1000 });
  }

  #refusedAll(): Misconfigured {
    const message =
      'This site cannot prove who it is to the sign-in service. Its operator has to mend that.';
    return new Misconfigured(message, { cause: this.#cause() });
  }

  #cause(): Error {
    return new Error(this.status.map(({ key, problem }) => `${key}: ${problem}`).join('; '));
  }
}

function wasTried({ slot, loaded }: Attempt, tried: readonly Attempt[]): boolean {
  const isSame = (each: Attempt) => each.loaded.fingerprint === loaded.fingerprint;
  return tried.some(isSame) || tried.filter((each) => each.slot === slot).length >= ATTEMPTS_EACH;
}
