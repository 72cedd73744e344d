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

interface Seen {
  readonly state: string;
  readonly loaded?: LoadedCredential;
  readonly problem?: CredentialUnusable;
}

export class FileSource implements CredentialSource {
  readonly isNear = true;
  readonly #options: FileSourceOptions;
  #seen: Seen = { state: '' };

  constructor(options: FileSourceOptions) {
    this.#options = options;
  }

  /** A look at the files tells whether they changed, so that reading them again would bring nothing else. */
  async current(): Promise<LoadedCredential> {
    const state = await fileState(this.#options.paths);
    if (state !== this.#seen.state) this.#seen = this.#read(state);
    const { loaded, problem } = this.#seen;
    if (loaded) return loaded;
    throw problem ?? new Error('read to no end');
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
      const { loaded } = this.#seen;
      if (!loaded) return { state, problem: error };
      const { message: text, fix } = error;
      const about = { event: 'client_credential_kept', credential: key, problem: text, fix };
      log.warn(about, 'a changed credential cannot be read: the one before stays in use');
      return { state, loaded: { ...loaded, warning: { text, fix } } };
    }
  }
}
