/** Lets clients of the Azure SDK for JavaScript run on the broker: its `TokenCredential`. */
import type { Broker } from '../broker/account.ts';
import type { Caller } from './api-client.ts';

/** As `GetTokenOptions` of @azure/core-auth, as far as it means something here. */
export interface TokenOptions {
  readonly claims?: string;
  readonly tenantId?: string;
  readonly abortSignal?: { readonly aborted: boolean };
}

/** As `AccessToken` of @azure/core-auth. */
export interface CredentialToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresOnTimestamp: number;
}

/**
 * Fits wherever @azure/core-auth's `TokenCredential` is wanted. What it throws comes through the
 * client unchanged: a missing consent leads the person to the authority and back, as in any route.
 */
export class BrokerCredential {
  readonly #broker: Pick<Broker, 'acquireToken' | 'acquireAppToken'>;
  readonly #caller: Caller;

  constructor(broker: Pick<Broker, 'acquireToken' | 'acquireAppToken'>, caller: Caller) {
    this.#broker = broker;
    this.#caller = caller;
  }

  async getToken(
    scopes: string | readonly string[],
    { claims, tenantId }: TokenOptions = {},
  ): Promise<CredentialToken> {
    const wanted = typeof scopes === 'string' ? [scopes] : scopes;
    const request = { scopes: wanted, ...(claims && { claims }), ...(tenantId && { tenantId }) };
    const { value, expiresAt } =
      this.#caller === 'site'
        ? await this.#broker.acquireAppToken(request)
        : await this.#broker.acquireToken(this.#caller, request);
    return { token: value, expiresOnTimestamp: expiresAt };
  }
}
