/** Microsoft's msal-node as a contestant: its silent call for a token that is kept. */
import type {
  AccountInfo,
  AuthenticationResult,
  ConfidentialClientApplication,
  ICacheClient,
} from '@azure/msal-node';
import { createClient } from '@keyv/redis';
import { AuthorityInMemory } from './authority-in-memory.ts';
import {
  API_SCOPES,
  accountNumber,
  GRAPH,
  GRAPH_SCOPES,
  GRAPH_TOKEN_LENGTH,
} from './bench-accounts.ts';
import { type Calls, type Contestant, type Entry, IN_USE } from './contestant.ts';
import { knownPartition, msalApplication, partitionOfSession } from './msal-application.ts';

/** One of the ways in which Microsoft's guides have a site ask for an account's token. */
interface Way {
  /** For a sign-in. */
  applicationFor(accountId: string): ConfidentialClientApplication;
  /** Called after a sign-in. */
  remember(account: AccountInfo): Promise<unknown>;
  acquire(account: AccountInfo): Promise<AuthenticationResult>;
  close(): Promise<unknown>;
}

export class MsalContestant implements Contestant {
  readonly #authority: AuthorityInMemory;
  readonly #way: Way;
  readonly #accounts: readonly AccountInfo[];

  private constructor(authority: AuthorityInMemory, way: Way, accounts: readonly AccountInfo[]) {
    this.#authority = authority;
    this.#way = way;
    this.#accounts = accounts;
  }

  static async open({ kind, uri, accounts: count }: Entry): Promise<MsalContestant> {
    const authority = new AuthorityInMemory();
    const way = kind === 'msal-process' ? inMemory(authority) : await onRedis(kind, uri, authority);
    const accounts: AccountInfo[] = [];
    for (let number = 0; number < count; number += 1) {
      const account = accountNumber(number);
      authority.expect(account);
      const signedIn = await signIn(way.applicationFor(account.id));
      await way.remember(signedIn);
      accounts.push(signedIn);
    }
    authority.shut();
    return new MsalContestant(authority, way, accounts);
  }

  async prepare(): Promise<Calls> {
    const inUse = this.#accounts.slice(0, IN_USE);
    let turn = 0;
    return {
      next: () => {
        const account = inUse[turn % inUse.length];
        turn += 1;
        return account && this.#acquire(account);
      },
      close: () => Promise.resolve(),
    };
  }

  async close(): Promise<void> {
    await this.#way.close();
  }

  async #acquire(account: AccountInfo): Promise<void> {
    const { fromCache, accessToken } = await this.#way.acquire(account);
    const isKept = fromCache && accessToken.length === GRAPH_TOKEN_LENGTH;
    if (!isKept || this.#authority.refused > 0) throw new Error('not the token that was kept');
  }
}

/** A first visit: a code is redeemed, and the second API's token is got. */
async function signIn(application: ConfidentialClientApplication): Promise<AccountInfo> {
  const redirectUri = 'https://site.example/signin-oidc';
  const code = { code: 'a code', redirectUri, scopes: GRAPH_SCOPES };
  const { account } = await application.acquireTokenByCode(code);
  if (!account) throw new Error('msal-node kept no account');
  await application.acquireTokenSilent({ account, scopes: API_SCOPES });
  return account;
}

function silently(application: ConfidentialClientApplication, account: AccountInfo) {
  return application.acquireTokenSilent({ account, scopes: [...GRAPH.scopes] });
}

/** One application that holds everything in memory. */
function inMemory(authority: AuthorityInMemory): Way {
  const application = msalApplication(authority);
  return {
    applicationFor: () => application,
    remember: () => Promise.resolve(),
    acquire: (account) => silently(application, account),
    close: () => Promise.resolve(),
  };
}

async function onRedis(
  kind: Entry['kind'],
  url: string,
  authority: AuthorityInMemory,
): Promise<Way> {
  const redis = createClient({ url });
  await redis.connect();
  const client: ICacheClient = {
    get: async (key) => (await redis.get(key)) ?? '',
    set: async (key, value) => (await redis.set(key, value)) ?? '',
  };
  const applicationFor = (accountId: string) =>
    msalApplication(authority, { client, partition: knownPartition(accountId) });
  const kept = new Map<string, ConfidentialClientApplication>();
  const ofAUser = ({ homeAccountId }: AccountInfo) => {
    const application = kept.get(homeAccountId) ?? applicationFor(homeAccountId);
    kept.set(homeAccountId, application);
    return application;
  };
  const asInTheSample = async (account: AccountInfo) => {
    const partition = partitionOfSession(client, account.homeAccountId);
    const application = msalApplication(authority, { client, partition });
    await application.getTokenCache().getAllAccounts();
    return await silently(application, account);
  };
  const ways = new Map<Entry['kind'], Way['acquire']>([
    ['msal-request', (account) => silently(applicationFor(account.homeAccountId), account)],
    ['msal-user', (account) => silently(ofAUser(account), account)],
    ['msal-sample', asInTheSample],
  ]);
  const acquire = ways.get(kind);
  if (!acquire) throw new Error(`msal-node has no way ${kind}`);
  const remember = (account: AccountInfo) => {
    const session = { cookie: { path: '/', httpOnly: true }, isAuthenticated: true, account };
    return client.set(`sess:${account.homeAccountId}`, JSON.stringify(session));
  };
  return { applicationFor, remember, acquire, close: () => redis.close() };
}
