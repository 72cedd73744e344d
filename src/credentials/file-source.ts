/** A credential kept in files, read again whenever they change. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../log.ts';
import {
  CredentialUnusable,
  type CredentialSource,
  type LoadedCredential,
} from './credential-source.ts';

export interface FileSourceOptions {
  /** Where the credential is written, for the log. */
  readonly key: string;
  readonly paths: readonly string[];
  /** One text for the files as they are now. */
  readonly look: (paths: readonly string[]) => Promise<string>;
  /** @throws {CredentialUnusable} what they hold is no good. */
  readonly read: () => LoadedCredential;
  readonly log: Log;
}

type Seen =
  | { readonly state: string; readonly loaded: LoadedCredential }
  | { readonly state: string; readonly problem: CredentialUnusable };

/** A file system behind a network may be silent for minutes. */
const PATIENCE_MS = 500;

export class FileSource implements CredentialSource {
  readonly isNear = true;
  readonly #options: FileSourceOptions;
  #seen: Seen | undefined;
  #looking: Promise<Seen> | undefined;
  #isSilent = false;

  constructor(options: FileSourceOptions) {
    this.#options = options;
  }

  /**
   * A look at the files tells whether they changed, so that reading them again would bring nothing else.
   * What was read before serves while there is no answer.
   */
  async current(): Promise<LoadedCredential> {
    const seen = this.#seen ? await this.#lookSoon(this.#seen) : await this.#look();
    if ('problem' in seen) throw seen.problem;
    return seen.loaded;
  }

  reload(): Promise<LoadedCredential> {
    return this.current();
  }

  /** Waits a little, and only until it is known that there is no answer. */
  async #lookSoon(before: Seen): Promise<Seen> {
    const look = this.#look();
    if (this.#isSilent) return before;
    const waiting = new AbortController();
    const late = wait(PATIENCE_MS, undefined, { signal: waiting.signal });
    try {
      const seen = await Promise.race([look, late]);
      if (seen) return seen;
    } finally {
      waiting.abort();
    }
    this.#warnOfSilence();
    return before;
  }

  /** One look for all who ask: each holds one of the few threads that this process has for files. */
  #look(): Promise<Seen> {
    this.#looking ??= this.#lookAlone().finally(() => {
      this.#looking = undefined;
      this.#isSilent = false;
    });
    return this.#looking;
  }

  async #lookAlone(): Promise<Seen> {
    const state = await this.#options.look(this.#options.paths);
    const seen = this.#seen?.state === state ? this.#seen : this.#read(state);
    this.#seen = seen;
    return seen;
  }

  /** What was good stays in use while its file is being written, or has been spoilt. */
  #read(state: string): Seen {
    const { key, read, log } = this.#options;
    try {
      return { state, loaded: read() };
    } catch (error) {
      if (!(error instanceof CredentialUnusable)) throw error;
      const before = this.#seen;
      if (!before || 'problem' in before) return { state, problem: error };
      const { message: text, fix } = error;
      const about = { event: 'client_credential_kept', credential: key, problem: text, fix };
      log.warn(about, 'a changed credential cannot be read: the one before stays in use');
      return { state, loaded: { ...before.loaded, warning: { text, fix } } };
    }
  }

  #warnOfSilence(): void {
    if (this.#isSilent) return;
    this.#isSilent = true;
    const { key, paths, log } = this.#options;
    const fix = 'Look at the file system of these files: it may be one behind a network.';
    const about = { event: 'client_credential_files_silent', credential: key, paths, fix };
    log.warn(about, 'the files of a credential do not answer: what was read before stays in use');
  }
}
