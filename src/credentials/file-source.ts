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
  /** A look at a file costs next to nothing, and shows at once that it was mended. */
  readonly restMs = 0;
  readonly #options: FileSourceOptions;
  #seen: Seen | undefined;

  constructor(options: FileSourceOptions) {
    this.#options = options;
  }

  async current(): Promise<LoadedCredential> {
    const state = await fileState(this.#options.paths);
    const seen = this.#seen?.state === state ? this.#seen : this.#read(state);
    if ('problem' in seen) throw seen.problem;
    return seen.loaded;
  }

  async reload(): Promise<LoadedCredential> {
    const seen = this.#read(await fileState(this.#options.paths));
    if ('problem' in seen) throw seen.problem;
    return seen.loaded;
  }

  /** What was good stays in use while its file is being written, or has been spoilt. */
  #read(state: string): Seen {
    const { key, read, log } = this.#options;
    const before = this.#seen;
    try {
      this.#seen = { state, loaded: read() };
    } catch (error) {
      if (!(error instanceof CredentialUnusable)) throw error;
      if (before && 'loaded' in before) {
        const { message: problem, fix } = error;
        const about = { event: 'client_credential_kept', credential: key, problem, fix };
        log.warn(about, 'a changed credential cannot be read: the one before stays in use');
        this.#seen = { state, loaded: before.loaded };
      } else {
        this.#seen = { state, problem: error };
      }
    }
    return this.#seen;
  }
}
