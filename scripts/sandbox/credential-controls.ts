/** What tests can do at run time to what applications prove themselves with. */
import { secretsOf } from './client-secrets.ts';
import { nameOf } from './federated-assertion.ts';
import { knownErrors } from './known-errors.ts';
import type { FederatedCredential, SandboxApp, SandboxSecret } from './sandbox-options.ts';
import type { SandboxState } from './sandbox-state.ts';
import { thumbprintOf } from './thumbprint.ts';

/** The credentials of the registered applications; certificates are given in PEM. */
export class CredentialControls {
  readonly #state: SandboxState;

  constructor(state: SandboxState) {
    this.#state = state;
  }

  #change(clientId: string, change: (app: SandboxApp) => Partial<SandboxApp>): void {
    const app = this.#state.apps.get(clientId.toLowerCase());
    if (!app) throw new Error(`There is no application ${clientId} in the sandbox`);
    this.#state.apps.set(clientId.toLowerCase(), { ...app, ...change(app) });
  }

  addSecret(clientId: string, secret: string | SandboxSecret): void {
    this.#change(clientId, ({ secrets }) => ({ secrets: [...secrets, secret] }));
  }

  /** By value or by id; it is AADSTS7000215 from now on. */
  removeSecret(clientId: string, valueOrId: string): void {
    this.#change(clientId, (app) => {
      const isMeant = ({ value, secretId }: SandboxSecret) =>
        value === valueOrId || secretId === valueOrId;
      const gone = secretsOf(app).findIndex(isMeant);
      if (gone < 0) throw new Error(`The application ${clientId} has no such secret`);
      return { secrets: app.secrets.toSpliced(gone, 1) };
    });
  }

  addCertificate(clientId: string, pem: string): void {
    this.#change(clientId, ({ certificates = [] }) => ({ certificates: [...certificates, pem] }));
  }

  /** It is AADSTS700027 from now on, as one that was never registered. */
  removeCertificate(clientId: string, pem: string): void {
    const gone = thumbprintOf(pem);
    this.#change(clientId, ({ certificates = [] }) => ({
      certificates: certificates.filter((each) => thumbprintOf(each) !== gone),
    }));
  }

  /** It is AADSTS7000214 from now on. */
  revokeCertificate(clientId: string, pem: string): void {
    this.#change(clientId, ({ clientId: id }) => {
      this.#state.revokedCertificates.add(`${id} ${thumbprintOf(pem)}`);
      return {};
    });
  }

  addFederatedCredential(clientId: string, credential: FederatedCredential): void {
    this.#change(clientId, ({ federatedCredentials = [] }) => ({
      federatedCredentials: [...federatedCredentials, credential],
    }));
  }

  /** By name, or by subject for one without. */
  removeFederatedCredential(clientId: string, name: string): void {
    this.#change(clientId, ({ federatedCredentials = [] }) => ({
      federatedCredentials: federatedCredentials.filter((each) => nameOf(each) !== name),
    }));
  }

  /** All secrets, or all certificates, of all applications count as expired until all faults end. */
  expireAll(kind: 'secret' | 'certificate'): void {
    this.#state.faults.expiredCredentials = kind;
  }

  /**
   * The next good credentials are refused with this AADSTS number, such as 7000277; `name`, as the
   * record of requests has it, confines it to one of them.
   */
  refuseNext(number: number, { times = 1, name }: { times?: number; name?: string } = {}): void {
    if (knownErrors[number]?.error !== 'invalid_client') {
      throw new RangeError(`AADSTS${number} is no refusal of a credential`);
    }
    this.#state.faults.refusedCredential = { number, remaining: times, name };
  }
}
