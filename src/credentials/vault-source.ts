/** A credential of a key vault: kept while it is fresh, and served on while the vault is away. */
import { KeptFresh } from '../kept-fresh.ts';
import type { Log } from '../log.ts';
import type { CredentialSource, LoadedCredential } from './credential-source.ts';
import { loadedOnce } from './loaded-once.ts';

/** A certificate that was renewed in the vault is seen after so long, or when the old one is refused. */
const FRESH_MS = 600_000;
const RETRY_MS = 30_000;

export interface VaultSourceOptions<Client> {
  /** Where the credential is written, for the log. */
  readonly key: string;
  /** @throws {Misconfigured} a package is not installed. */
  readonly connect: () => Promise<Client>;
  /** @throws {CredentialUnusable} */
  readonly fetch: (client: Client) => Promise<LoadedCredential>;
  readonly now: () => number;
  readonly log: Log;
}

export class VaultSource<Client> implements CredentialSource {
  readonly isNear = false;
  #isKept = false;
  readonly #kept: KeptFresh<LoadedCredential>;
  readonly #connected: () => Promise<Client>;

  constructor({ key, connect, fetch, now, log }: VaultSourceOptions<Client>) {
    this.#connected = loadedOnce(connect);
    this.#kept = new KeptFresh({
      load: async () => {
        const loaded = await fetch(await this.#connected());
        this.#isKept = true;
        return loaded;
      },
      freshMs: FRESH_MS,
      retryMs: RETRY_MS,
      now,
      onStale: (error) => {
        // Without one that is kept, whoever asked is told, and tells the log.
        if (!this.#isKept) return;
        const problem = error instanceof Error ? error.message : typeof error;
        const about = { event: 'client_credential_vault', credential: key, problem };
        log.warn(about, 'the vault did not give the credential');
      },
    });
  }

  current(): Promise<LoadedCredential> {
    return this.#kept.current();
  }

  reload(): Promise<LoadedCredential> {
    return this.#kept.reload();
  }

  async prepare(): Promise<void> {
    await this.#connected();
  }
}
