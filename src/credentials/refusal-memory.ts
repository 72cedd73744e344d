/** What the authority has said against one credential, and for how long that counts. */
import type { LoadedCredential } from './credential-source.ts';

/** What the authority said when it refused a credential. */
export interface CredentialRefusal {
  readonly errorCodes: readonly number[];
  /** What the operator does about it. */
  readonly fix: string;
  /** Whether it is about the credential for sure: only then is it remembered. */
  readonly isCertain: boolean;
}

type Remembered = CredentialRefusal & {
  readonly fingerprint: string;
  readonly at: number;
  readonly turn: number;
};

/** A refused credential comes last for so long: it may be mended at the authority, unseen from here. */
const REFUSED_MS = 900_000;

/** Answers come in any order, so each request has its turn: what began before a refusal does not undo it. */
export class RefusalMemory {
  readonly #now: () => number;
  #last: Remembered | undefined;
  /** Since the start of this process. */
  count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** What stands against a credential; an assertion is another one each time, and refused for what lasts. */
  against(loaded: LoadedCredential): CredentialRefusal | undefined {
    const last = this.#last;
    const elapsed = last ? this.#now() - last.at : 0;
    // A clock that was set back ends it, too.
    if (!last || elapsed >= REFUSED_MS || elapsed < 0) return undefined;
    return isAbout(last, loaded) ? last : undefined;
  }

  /** Whether it is news: many requests under way may all bring the same. */
  refused(loaded: LoadedCredential, refusal: CredentialRefusal, turn: number): boolean {
    const isNews = this.against(loaded) === undefined;
    this.#last = { ...refusal, fingerprint: loaded.fingerprint, at: this.#now(), turn };
    this.count += 1;
    return isNews;
  }

  /** `begun`: the turn of the request that was answered. Gives whether it counts. */
  accepted(loaded: LoadedCredential, begun: number): boolean {
    const last = this.#last;
    if (last && last.turn > begun) return false;
    if (last && isAbout(last, loaded)) this.#last = undefined;
    return true;
  }
}

function isAbout(last: Remembered, { fingerprint, proof }: LoadedCredential): boolean {
  return last.fingerprint === fingerprint || proof.kind === 'assertion';
}
