/** The certificate that the authority took last: it serves on where the one that took its place does not. */
import type { LoadedCredential } from './credential-source.ts';
import { untimeliness } from './untimeliness.ts';

/** Secrets are not replaced while the site runs, and assertions are made anew all the time. */
export class LastAccepted {
  #loaded: LoadedCredential | undefined;

  accepted(loaded: LoadedCredential): void {
    if (loaded.proof.kind === 'certificate') this.#loaded = loaded;
  }

  /** It is refused by now, or its key can no longer be used. */
  drop({ fingerprint }: LoadedCredential): void {
    if (this.#loaded?.fingerprint === fingerprint) this.#loaded = undefined;
  }

  /** `undefined` if there is none, or it is the same or has run out. */
  insteadOf(loaded: LoadedCredential | undefined, now: number): LoadedCredential | undefined {
    const before = this.#loaded;
    if (!before || before.fingerprint === loaded?.fingerprint) return undefined;
    return untimeliness(before, now) ? undefined : before;
  }
}
