/** A credential kept in files, read again whenever they change. */
import type { Log } from '../log.ts';
import {
  CredentialUnusable,
  type CredentialSource,
  type LoadedCredential,
} from './credential-source.ts';
import { fileState } from './file-state.ts';

export interface FileSourceOptions {
  /** Where the credential is written, for the log. */
  readonly key: string;
  readonly paths: readonly string[];
  /** @throws {CredentialUnusable} what they hold is no good. */
  readonly read: () => LoadedCredential;
  readonly log: Log;
}

type Seen =
  | { readonly state: string; readonly loaded: LoadedCredential }
  | { readonly state: string; readonly problem: CredentialUnusable };

export class FileSource implements CredentialSource {
  readonly isNear = true;
  readonly #options: FileSourceOptions;
  #seen: Seen | undefined;

  constructor(options: FileSourceOptions) {
    this.#options = options;
  }

  /** A look at the files tells whether they changed, so that reading them again would bring nothing else. */
  async current(): Promise<LoadedCredential> {
    const state = await fileState(this.#options.paths);
    const seen = this.#seen?.state === state ? this.#seen : this.#read(state);
    this.#seen = seen;
    if ('problem' in seen) throw seen.problem;
    return seen.loaded;
  }

  reload(): Promise<LoadedCredential> {
    return this.current();
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
}
