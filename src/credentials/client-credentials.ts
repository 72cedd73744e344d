/** How this site proves who it is: its credentials in their order, each taking over where one is refused. */
import type { Audit } from '../audit.ts';
import type { ClientCredential } from '../config/settings.ts';
import { Misconfigured, Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import { CredentialSlot, type CredentialStatus } from './credential-slot.ts';
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
  #quietUntil = Number.NEGATIVE_INFINITY;
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
   * @throws {Misconfigured} no credential can be used, or all were refused a moment ago.
   * @throws {Unavailable} none can be used now, as what gives it is away.
   */
  async use<T>(send: (proof: Proof) => Promise<T>, judge: (answer: T) => Verdict): Promise<T> {
    this.#keepQuiet();
    const tried: Attempt[] = [];
    let refused: { readonly answer: T } | undefined;
    for (let next = await this.#next(tried); next; next = await this.#next(tried)) {
      tried.push(next);
      const begun = this.#nextTurn();
      const answer = await sendWith(send, next);
      if (answer === undefined) continue;
      const verdict = judge(answer.value);
      if (verdict === 'accepted') this.#accepted(next, begun);
      if (verdict === 'accepted' || verdict === 'unjudged') return answer.value;
      refused = { answer: answer.value };
      next.slot.refused(next.loaded, verdict, this.#nextTurn());
      await next.slot.reload();
    }
    this.#sayNoneIsLeft();
    if (!refused) throw this.#nothingUsable();
    this.#isAllRefused = true;
    this.#quietUntil = this.#parts.now() + QUIET_MS;
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

  #keepQuiet(): void {
    if (!this.#isAllRefused) return;
    const now = this.#parts.now();
    if (now < this.#quietUntil) throw this.#refusedAll();
    // This one asks; the others wait for what it finds.
    this.#quietUntil = now + QUIET_MS;
  }

  /** In their order; those refused of late come last, as they may have been mended at the authority. */
  async #next(tried: readonly Attempt[]): Promise<Attempt | undefined> {
    return (
      (await this.#first(tried, (slot) => slot.usable())) ??
      (tried.length === 0 ? await this.#first(tried, (slot) => slot.awaited()) : undefined)
    );
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

  #accepted({ slot, loaded }: Attempt, begun: number): void {
    const isRecovered = this.#isNoneLeft;
    this.#isAllRefused = false;
    this.#isNoneLeft = false;
    const before = this.#inUse;
    const errorCodes = before?.slot.errorCodes;
    // An answer that was long under way says nothing of what has happened since.
    if (!slot.accepted(loaded, begun) || (before && begun < before.turn)) return;
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
    if (!this.#slots.some(({ isAway }) => isAway)) return this.#refusedAll();
    const message = 'This site cannot prove who it is just now. Try again shortly.';
    return new Unavailable(message, { cause: this.#cause() });
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

/** `undefined`: the credential failed before anything was sent. */
async function sendWith<T>(
  send: (proof: Proof) => Promise<T>,
  { slot, loaded }: Attempt,
): Promise<{ readonly value: T } | undefined> {
  try {
    return { value: await send(loaded.proof) };
  } catch (error) {
    // The next one may do: a vault that cannot sign now is no reason to fail.
    if (!(error instanceof CredentialUnusable)) throw error;
    await slot.failed(loaded, error);
    return undefined;
  }
}
