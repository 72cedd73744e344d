/** An authority for msal-node that is a function call away: it signs accounts in, and then is shut. */
import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import type { Account } from '../../src/broker/account.ts';
import { jsonPart, LIFE_SECONDS, randomText, TENANT_ID, textsFor } from './bench-accounts.ts';

export const LOGIN_URL = `https://login.microsoftonline.com/${TENANT_ID}`;
export const CLIENT_ID = '0aa5e3f5-9b9f-4c2c-8d6f-2f6c0e0f9a11';

export class AuthorityInMemory implements INetworkModule {
  /** Requests that came while nobody was being signed in: none may. */
  refused = 0;
  #answer: ((scope: string) => string) | undefined;

  /** Answers token requests of this account, with texts as long as those this project keeps. */
  expect(account: Account): void {
    const { graphToken, apiToken, refreshToken, ...person } = textsFor(account);
    const answer = {
      ...{ token_type: 'Bearer', expires_in: LIFE_SECONDS, ext_expires_in: LIFE_SECONDS },
      ...{ refresh_token: refreshToken, id_token: idTokenOf(person) },
      client_info: jsonPart({ uid: person.objectId, utid: TENANT_ID }),
    };
    this.#answer = (scope) => {
      const access_token = scope.startsWith('api:') ? apiToken : graphToken;
      return JSON.stringify({ ...answer, scope, access_token });
    };
  }

  shut(): void {
    this.#answer = undefined;
  }

  async sendGetRequestAsync(url: string): Promise<never> {
    this.refused += 1;
    throw new Error(`msal-node asked for ${url}`);
  }

  async sendPostRequestAsync<T>(
    url: string,
    options?: NetworkRequestOptions,
  ): Promise<NetworkResponse<T>> {
    if (!this.#answer) return await this.sendGetRequestAsync(url);
    const scope = new URLSearchParams(options?.body).get('scope') ?? '';
    return { headers: {}, status: 200, body: JSON.parse(this.#answer(scope)) };
  }
}

type Person = Pick<
  ReturnType<typeof textsFor>,
  'objectId' | 'subject' | 'name' | 'username' | 'sid' | 'loginHint'
>;

/** msal-node keeps ID tokens, and reads the claims in them; their signature it leaves alone. */
function idTokenOf(person: Person): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = jsonPart({
    ...{ iss: `${LOGIN_URL}/v2.0`, tid: TENANT_ID, aud: CLIENT_ID, ver: '2.0' },
    ...{ oid: person.objectId, sub: person.subject, sid: person.sid },
    ...{ name: person.name, preferred_username: person.username, login_hint: person.loginHint },
    ...{ iat: now, nbf: now, exp: now + LIFE_SECONDS },
  });
  return `${jsonPart({ typ: 'JWT', alg: 'RS256', kid: 'Hl3xGm2k8fJ0' })}.${claims}.${randomText(342)}`;
}
