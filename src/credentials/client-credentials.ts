/** How this site proves who it is: its credentials in their order, each taking over where one is refused. */
import type { Audit } from '../audit.ts';
import type { ClientCredential } from '../config/settings.ts';
import { Misconfigured, Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import {
  type CredentialRefusal,
  CredentialSlot,
  type CredentialStatus,
} from './credential-slot.ts';
import { CredentialUnusable, type LoadedCredential, type Proof } from './credential-source.ts';
import { credentialSourceOf } from './credential-source-of.ts';

export interface CredentialsParts {
  readonly clientId: string;
  readonly now: () => number;
  readonly log: Log;
  readonly audit: Audit;
}

/** What an answer says of the credential it was asked with; `unjudged`: nothing, as it failed for something else. */
export type Verdict = 'accepted' | 'unjudged' | CredentialRefusal;

interface CredentialInUse {
  readonly slot: CredentialSlot;
  readonly loaded: LoadedCredential;
}

export class ClientCredentials {
  readonly #slots: readonly CredentialSlot[];
  readonly #log: Log;
  readonly #audit: Audit;
  #inUse: CredentialSlot | undefined;

  /** Nothing is loaded yet. */
  constructor(credentials: readonly ClientCredential[], parts: CredentialsParts) {
    this.#log = parts.log;
    this.#audit = parts.audit;
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
   * @throws {Unavailable} none can be used now, as what gives it is away.
   */
  async use<T>(send: (proof: Proof) => Promise<T>, judge: (answer: T) => Verdict): Promise<T> {
    const tried = new Set<string>();
    let refused: { readonly answer: T } | undefined;
    for (let next = await this.#next(tried); next; next = await this.#next(tried)) {
      const { slot, loaded } = next;
      tried.add(loaded.fingerprint);
      const answer = await sendWith(send, next);
      if (answer === undefined) continue;
      const verdict = judge(answer.value);
      if (verdict === 'accepted') this.#accepted(slot, loaded);
      if (verdict === 'accepted' || verdict === 'unjudged') return answer.value;
      refused = { answer: answer.value };
      slot.refused(loaded, verdict);
      await slot.reload();
    }
    if (refused) return refused.answer;
    throw this.#nothingUsable();
  }

  /** Loads the code that credentials need. @throws {Misconfigured} some is not there, or is wrong. */
  async prepare(): Promise<void> {
    for (const slot of this.#slots) await slot.prepare();
  }

  /** Loads each credential, so that `status` knows of it and the log is told what is wrong. */
  async review(): Promise<readonly CredentialStatus[]> {
    await Promise.all(this.#slots.map((slot) => slot.usable()));
    return this.status;
  }

  get status(): readonly CredentialStatus[] {
    return this.#slots.map(({ status }) => status);
  }

  /** Where the credential is written that was accepted last; `undefined` before the first. */
  get inUse(): string | undefined {
    return this.#inUse?.credential.key;
  }

  /** In their order; those refused of late come last, as they may have been mended at the authority. */
  async #next(tried: ReadonlySet<string>): Promise<CredentialInUse | undefined> {
    let last: CredentialInUse | undefined;
    for (const slot of this.#slots) {
      const loaded = await slot.usable();
      if (!loaded || tried.has(loaded.fingerprint)) continue;
      if (!slot.isRefused(loaded)) return { slot, loaded };
      last ??= { slot, loaded };
    }
    return last;
  }

  #accepted(slot: CredentialSlot, loaded: LoadedCredential): void {
    slot.accepted(loaded);
    if (this.#inUse === slot) return;
    const before = this.#inUse;
    this.#inUse = slot;
    const { key, sourceType } = slot.credential;
    const about = { event: 'client_credential_in_use', credential: key, sourceType };
    this.#log.info(about, 'the authority takes this credential');
    if (before) {
      const { errorCodes } = before;
      this.#audit({
        event: 'credential_failover',
        credential: key,
        replaced: before.credential.key,
        errorCodes,
      });
    }
  }

  #nothingUsable(): Misconfigured | Unavailable {
    const cause = new Error(this.status.map(({ key, problem }) => `${key}: ${problem}`).join('; '));
    const isPassing = this.#slots.some(({ isAway }) => isAway);
    return isPassing
      ? new Unavailable('This site cannot prove who it is just now. Try again shortly.', { cause })
      : new Misconfigured(
          'This site cannot prove who it is to the sign-in service. Its operator has to mend that.',
          { cause },
        );
  }
}

/** `undefined`: the credential failed before anything was sent. */
async function sendWith<T>(
  send: (proof: Proof) => Promise<T>,
  { slot, loaded }: CredentialInUse,
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
