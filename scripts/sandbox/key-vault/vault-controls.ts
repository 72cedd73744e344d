/** What tests can do to a running vault. */
import {
  findVersion,
  noVaultFaults,
  toVersion,
  type VaultCertificate,
  type VaultOperation,
  type VaultOutage,
  type VaultState,
} from './vault-state.ts';

const everything: readonly VaultOperation[] = ['get-certificate', 'get-secret', 'get-key', 'sign'];

export class VaultControls {
  readonly #state: VaultState;

  constructor(state: VaultState) {
    this.#state = state;
  }

  /** Adds a certificate, or a newer version of one, and gives its version. */
  addVersion(name: string, certificate: VaultCertificate): string {
    const added = toVersion(certificate, this.#state.now());
    const before = this.#state.versions.get(name.toLowerCase()) ?? [];
    this.#state.versions.set(name.toLowerCase(), [...before, added]);
    return added.version;
  }

  disable(name: string, version: string): void {
    this.#setEnabled(name, version, false);
  }

  enable(name: string, version: string): void {
    this.#setEnabled(name, version, true);
  }

  #setEnabled(name: string, version: string, isEnabled: boolean): void {
    const found = findVersion(this.#state, name, version);
    if (!found) throw new Error(`The vault has no version ${version} of ${name}`);
    found.isEnabled = isEnabled;
  }

  /** Callers may not do this from now on: 403; by default nothing at all. */
  denyAccess(operations: readonly VaultOperation[] = everything): void {
    this.#state.faults.denied = operations;
  }

  allowAccess(): void {
    this.#state.faults.denied = [];
  }

  /** The next `count` calls that bring a token are answered 429 with Retry-After. */
  throttle(count: number, retryAfterSeconds = 10): void {
    Object.assign(this.#state.faults, { throttled: count, retryAfterSeconds });
  }

  outage(outage: VaultOutage): void {
    this.#state.faults.outage = outage;
  }

  /** Ends all faults; what was disabled stays so. */
  mendAll(): void {
    Object.assign(this.#state.faults, noVaultFaults());
  }
}
