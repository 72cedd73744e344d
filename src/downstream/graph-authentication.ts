/** Lets the Microsoft Graph JavaScript SDK run on the broker: its `AuthenticationProvider`. */
import type { BrokerCredential } from './token-credential.ts';

/** Fits where @microsoft/microsoft-graph-client wants an `authProvider`. */
export class GraphAuthentication {
  readonly #credential: BrokerCredential;
  readonly #scopes: readonly string[];

  /** `scopes`: asked for where a call of the SDK names none. */
  constructor(credential: BrokerCredential, scopes: readonly string[]) {
    this.#credential = credential;
    this.#scopes = scopes;
  }

  async getAccessToken({ scopes }: { readonly scopes?: string[] } = {}): Promise<string> {
    return (await this.#credential.getToken(scopes ?? this.#scopes)).token;
  }
}
