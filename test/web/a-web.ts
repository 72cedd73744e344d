/** The web tier on a real port with an authority, a broker and APIs that tests steer. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { auditLog } from '../../src/audit.ts';
import type { AuthorityOperations } from '../../src/web/authority-operations.ts';
import type { AdminConsentRequest } from '../../src/authority/admin-consent.ts';
import type { ReadLogoutToken } from '../../src/authority/read-logout-token.ts';
import type { CodeRedemption, RedeemedCode } from '../../src/authority/redeem-code.ts';
import type { CodeRequest } from '../../src/authority/request-code.ts';
import type {
  AccessToken,
  Account,
  AccountDetails,
  Broker,
  Redemption,
  TokenRequest,
} from '../../src/broker/account.ts';
import type { AccountOverview } from '../../src/broker/account-overview.ts';
import { endedMeanwhile } from '../../src/broker/kept-accounts.ts';
import type { DownstreamApi, ResponseMode, Settings } from '../../src/config/settings.ts';
import type { ApiAnswer, ApiCall } from '../../src/downstream/api-client.ts';
import { KeyRing } from '../../src/encryption.ts';
import { ApiFailed, SignInRequired, Unavailable } from '../../src/errors.ts';
import type { Hooks } from '../../src/hooks.ts';
import { createLog } from '../../src/log.ts';
import { RecordNames } from '../../src/record-names.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { ReadOptions, Storage } from '../../src/storage/storage.ts';
import type { Identity } from '../../src/token-response.ts';
import { type AddRoutes, createWeb } from '../../src/web/create-web.ts';
import { SiteHooks } from '../../src/web/site-hooks.ts';
import { Browser } from './browser.ts';

export const ADA: Identity = {
  accountId: 'ada.tenant',
  issuer: 'https://authority.test/tenant/v2.0',
  subject: 'subject-ada',
  tenantId: 'tenant',
  objectId: 'ada',
  name: 'Ada Example',
  username: 'ada@contoso.example',
  loginHint: 'opaque-hint-of-ada',
  sid: 'sid-1',
};
export const BOB: Identity = {
  ...ADA,
  accountId: 'bob.tenant',
  subject: 'subject-bob',
  name: 'Bob Example',
  username: 'bob@contoso.example',
  loginHint: 'opaque-hint-of-bob',
};

/** Of a section that says nothing more. */
const asWritten = {
  requestAppToken: false,
  hasPage: true,
  defaults: {
    ...{ method: 'GET', accept: undefined, contentType: undefined, headers: {}, query: {} },
    ...{ tenantId: undefined, claims: undefined, forceRefresh: false },
  },
  limits: { requestMs: 20_000, responseMs: 15_000, maxRetries: 2, maxConcurrent: 200 },
};

export const GRAPH: DownstreamApi = {
  name: 'Graph',
  baseUrl: new URL('https://graph.test/v1.0'),
  relativePath: '/me',
  scopes: ['User.Read'],
  redirectHosts: [],
  gateway: [
    { methods: ['GET'], path: '/me/**', scopes: undefined },
    { methods: ['GET'], path: '/mail', scopes: ['Mail.Read'] },
    { methods: ['POST', 'PUT', 'PATCH', 'DELETE'], path: '/notes', scopes: undefined },
  ],
  ...asWritten,
};
export const LISTS: DownstreamApi = {
  name: 'Todos',
  baseUrl: new URL('https://todos.test'),
  relativePath: '/todos',
  scopes: ['api://todos/Todos.Read'],
  redirectHosts: [],
  gateway: [],
  ...asWritten,
};

/** The authority as the web tier sees it. */
export class FakeAuthority {
  readonly asked: CodeRequest[] = [];
  readonly redeemed: CodeRedemption[] = [];
  identity = ADA;
  credentials: AuthorityOperations['credentials'] = { status: [], inUse: undefined };
  /** All that the ID token says. */
  claims: Record<string, unknown> = {};
  /** What becomes of logout tokens, each by its text; any other is refused. */
  readonly logoutTokens = new Map<string, ReadLogoutToken>();
  /** Thrown instead of an answer, by the next calls of that name. */
  fault: { requestCode?: Error; redeemCode?: Error; endSessionUrl?: Error } = {};
  /** Leaves whoever asks where to sign out without an answer. */
  isSilent = false;
  /** Runs when a redemption has begun. */
  onRedeem: () => Promise<void> = async () => {};
  #count = 0;

  requestCode = async (request: CodeRequest) => {
    if (this.fault.requestCode) throw this.fault.requestCode;
    this.asked.push(request);
    this.#count += 1;
    const state = `state-${this.#count}-${randomBytes(8).toString('hex')}`;
    const url = new URL(`https://authority.test/authorize?state=${state}`);
    return { url, state, nonce: `nonce-${state}`, codeVerifier: `verifier-${state}` };
  };

  redeemCode = async (redemption: CodeRedemption): Promise<RedeemedCode> => {
    this.redeemed.push(redemption);
    await this.onRedeem();
    if (this.fault.redeemCode) throw this.fault.redeemCode;
    return {
      accessToken: 'access-token-SECRET',
      refreshToken: 'refresh-token-SECRET',
      scopes: [...redemption.scopes],
      expiresInSeconds: 3600,
      refreshInSeconds: undefined,
      identity: this.identity,
      claims: this.claims,
    };
  };

  readLogoutToken = async (logoutToken: string): Promise<ReadLogoutToken> =>
    this.logoutTokens.get(logoutToken) ?? { kind: 'wrong', check: 'not known to the test' };

  hasAdministrators = (tenantId: string | undefined) => tenantId !== 'personal';

  readonly consents: AdminConsentRequest[] = [];

  adminConsentUrl = (request: AdminConsentRequest) => {
    this.consents.push(request);
    const { state, scopes } = request;
    const query = new URLSearchParams({ state, scope: scopes.join(' ') });
    return new URL(`https://authority.test/adminconsent?${query}`);
  };

  endSessionUrl = async ({ logoutHint = '' }: { logoutHint?: string | undefined }) => {
    if (this.fault.endSessionUrl) throw this.fault.endSessionUrl;
    if (this.isSilent) await new Promise(() => undefined);
    return new URL(`https://authority.test/logout?logout_hint=${logoutHint}`);
  };

  health = () => 'up' as const;
}

/** Accounts in a map. */
export class FakeBroker implements Broker {
  readonly accounts = new Map<string, { details: AccountDetails; sessions: Set<string> }>();
  readonly kept: Redemption[] = [];
  /** What is kept besides, by account id. */
  readonly overviews = new Map<string, Partial<AccountOverview>>();
  /** Requests for a token, with whose account they are. */
  readonly asked: { readonly account: string; readonly request: TokenRequest }[] = [];
  readonly removed: { readonly account: string; readonly token: string }[] = [];
  fault: Error | undefined;
  #epochs = 0;
  /** Thrown instead of a token. */
  tokenFault: Error | undefined;

  async acquireToken({ id }: Account, request: TokenRequest): Promise<AccessToken> {
    this.asked.push({ account: id, request });
    if (this.tokenFault) throw this.tokenFault;
    return { value: 'renewed-token-SECRET', expiresAt: 0 };
  }

  async acquireAppToken(): Promise<never> {
    throw new Error('the web tier asks for no token');
  }

  /** Whether each question was content with a copy near at hand. */
  readonly askedNear: boolean[] = [];

  async describe(
    { id, epoch }: Account,
    sessionId: string,
    { near = false }: ReadOptions = {},
  ): Promise<AccountDetails | undefined> {
    if (this.fault) throw this.fault;
    this.askedNear.push(near);
    const { details, sessions } = this.accounts.get(id) ?? {};
    return details?.epoch === epoch && sessions?.has(sessionId) ? details : undefined;
  }

  async inspect(
    account: Account,
    sessionId: string,
    options: ReadOptions = {},
  ): Promise<AccountOverview | undefined> {
    const details = await this.describe(account, sessionId, options);
    if (!details) return undefined;
    const sessions = this.accounts.get(account.id)?.sessions ?? new Set();
    return {
      identity: details.identity,
      tokens: [],
      refusals: [],
      refreshToken: 'good',
      sessions: [...sessions].map((name) => ({ name, endsAt: Number.MAX_SAFE_INTEGER })),
      ...this.overviews.get(account.id),
    };
  }

  async removeToken({ id }: Account, token: string): Promise<void> {
    if (this.fault) throw this.fault;
    this.removed.push({ account: id, token });
  }

  /** By the name of a session: the one it goes on from. */
  readonly #from = new Map<string, string>();

  #goesOn(sessions: ReadonlySet<string>, from: string): boolean {
    return [...sessions].some((each) => each === from || this.#from.get(each) === from);
  }

  async keep(redemption: Redemption): Promise<Account> {
    if (this.fault) throw this.fault;
    const { identity, sessionId, from } = redemption;
    const { details, sessions = new Set<string>() } = this.accounts.get(identity.accountId) ?? {};
    if (from && !this.#goesOn(sessions, from)) throw endedMeanwhile();
    if (from) this.#from.set(sessionId, from);
    this.kept.push(redemption);
    if (!details) this.#epochs += 1;
    const account = { id: identity.accountId, epoch: details?.epoch ?? `epoch-${this.#epochs}` };
    this.accounts.set(account.id, {
      details: { ...account, identity },
      sessions: sessions.add(sessionId),
    });
    return account;
  }

  async tie({ id, epoch }: Account, from: string, to: string): Promise<boolean> {
    if (this.fault) throw this.fault;
    const { details, sessions } = this.accounts.get(id) ?? {};
    if (details?.epoch !== epoch || !sessions || !this.#goesOn(sessions, from)) return false;
    this.#from.set(to, from);
    sessions.add(to);
    return true;
  }

  async forget({ id }: Account, sessionId: string): Promise<void> {
    if (this.fault) throw this.fault;
    const { sessions = new Set<string>() } = this.accounts.get(id) ?? {};
    for (const each of sessions) if (this.#from.get(each) === sessionId) sessions.delete(each);
    sessions.delete(sessionId);
    if (sessions.size === 0) this.accounts.delete(id);
  }

  async untie({ id }: Account, sessionId: string): Promise<void> {
    if (this.fault) throw this.fault;
    const sessions = this.accounts.get(id)?.sessions;
    if (sessions?.delete(sessionId) && sessions.size === 0) this.accounts.delete(id);
  }

  async revoke(accountId: string, begunBy = Number.POSITIVE_INFINITY): Promise<readonly string[]> {
    const { sessions = new Set<string>() } = this.accounts.get(accountId) ?? {};
    const begun = new Map(this.kept.map((each) => [each.sessionId, each.begunAt]));
    const ended = [...sessions].filter((name) => (begun.get(name) ?? 0) <= begunBy);
    for (const name of ended) sessions.delete(name);
    if (sessions.size === 0) this.accounts.delete(accountId);
    return ended;
  }
}

type JsonAnswer = (call: ApiCall, account: Account) => unknown;
type StreamAnswer = (call: ApiCall) => ApiAnswer;

/** APIs that answer what a test says. */
export class FakeApis {
  readonly calls: ApiCall[] = [];
  readonly apis: readonly DownstreamApi[];
  onJson: JsonAnswer = () => ({ id: '1', displayName: 'Ada Example' });
  onStream: StreamAnswer = () => anAnswer('{"ok":true}', 'application/json');

  constructor(apis: readonly DownstreamApi[]) {
    this.apis = apis;
  }

  find = (name: string) => this.apis.find((api) => api.name.toLowerCase() === name.toLowerCase());

  json = async (account: Account, call: ApiCall): Promise<unknown> => {
    this.calls.push(call);
    return await this.onJson(call, account);
  };

  stream = async (_account: Account, call: ApiCall): Promise<ApiAnswer> => {
    this.calls.push(call);
    return this.onStream(call);
  };

  relay = (account: Account, call: ApiCall): Promise<ApiAnswer> => this.stream(account, call);

  failure = async ({ api }: ApiCall, { status }: ApiAnswer) =>
    new ApiFailed(`${api.name} said ${status}.`, { detail: { api: api.name, apiStatus: status } });
}

export function anAnswer(
  body: string | Buffer,
  type: string,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): ApiAnswer {
  return { status, headers: { 'content-type': type, ...headers }, body: Readable.from([body]) };
}

/** A missing consent, as the broker reports it. */
export function needsConsent(...scopes: string[]): SignInRequired {
  return new SignInRequired('consent', { scopes });
}

/** A store that can be made to fail. */
function breakable(storage: Storage) {
  const state = {
    isDown: false,
    failure: new Unavailable('The store does not answer.', { retryAfterSeconds: 7 }),
    /** Of each read of a session, whether a copy near at hand would have done. */
    sessionReads: [] as boolean[],
    /** The name of each read, of whatever kind. */
    namesRead: [] as string[],
    /** In place of the copy near at hand, by name. */
    stale: new Map<string, string | undefined>(),
    /** Runs before each conditional write; `undefined` deletes. */
    beforeReplace: async (_name: string, _next: string | undefined): Promise<void> => {},
  };
  const whenUp = async <T>(run: () => Promise<T>): Promise<T> => {
    if (!state.isDown) return await run();
    throw state.failure;
  };
  const broken: Storage = {
    label: storage.label,
    shared: storage.shared,
    get: (name, options) => {
      state.namesRead.push(name);
      if (name.endsWith(':session')) state.sessionReads.push(options?.near ?? false);
      if (options?.near && state.stale.has(name)) return Promise.resolve(state.stale.get(name));
      return whenUp(() => storage.get(name, options));
    },
    set: (name, value, ttlMs) => whenUp(() => storage.set(name, value, ttlMs)),
    delete: (name) => whenUp(() => storage.delete(name)),
    replace: (name, expected, next, ttlMs) =>
      whenUp(async () => {
        await state.beforeReplace(name, next);
        return await storage.replace(name, expected, next, ttlMs);
      }),
    erase: () => whenUp(() => storage.erase()),
    ping: () => whenUp(() => storage.ping()),
    close: () => storage.close(),
  };
  return { storage: broken, state };
}

interface WebChoices {
  readonly publicUrl?: string;
  readonly apis?: readonly DownstreamApi[];
  readonly signInScopes?: readonly string[];
  readonly trustProxy?: boolean;
  readonly authority?: Settings['azureAd']['authority'];
  readonly tenants?: Partial<Settings['azureAd']['tenants']>;
  readonly responseMode?: ResponseMode;
  readonly hooks?: Hooks;
  readonly session?: Partial<Settings['session']>;
  /** All by default, and all of it is kept. */
  readonly logLevel?: 'debug' | 'silent';
  readonly addRoutes?: AddRoutes;
}

export async function aWeb({
  publicUrl = 'http://localhost:4000',
  apis = [GRAPH, LISTS],
  signInScopes = ['User.Read'],
  trustProxy = false,
  authority: authorityAt = { kind: 'oidc', issuer: new URL('https://authority.test') },
  tenants = {},
  responseMode = 'query',
  hooks = {},
  session = {},
  logLevel = 'debug',
  addRoutes,
}: WebChoices = {}) {
  const url = new URL(publicUrl);
  const clock = { now: Date.parse('2026-11-21T09:00:00Z') };
  const now = () => clock.now;
  const lines: string[] = [];
  const log = createLog(logLevel, (line) => lines.push(line));
  const tokenCache: Settings['tokenCache'] = {
    store: 'memory:',
    instanceName: 'test',
    schemaName: undefined,
    tableName: undefined,
    encryptionKeys: [Buffer.alloc(32, 1)],
    indexKey: Buffer.alloc(32, 2),
  };
  const settings: Settings = {
    site: {
      ...{ publicUrl: url, port: 0, metricsPort: undefined, trustProxy, signInScopes },
      ...{ hooks: undefined, secure: url.protocol === 'https:' },
    },
    azureAd: {
      authority: authorityAt,
      tenants: { allowed: undefined, denied: [], ...tenants },
      clientId: 'client',
      credentials: [
        { sourceType: 'ClientSecret', key: 'AzureAd:ClientSecret', secret: 'client-SECRET' },
      ],
      responseMode,
      callbackPath: '/signin-oidc',
      signedOutCallbackPath: '/signout-callback-oidc',
      remoteSignOutPath: '/signout-oidc',
      backChannelLogoutPath: '/backchannel-logout',
      adminConsentCallbackPath: '/admin-consent-callback',
      clientCapabilities: [],
    },
    tokenCache,
    session: {
      ...{ idleMinutes: 60, absoluteHours: 12, useTokenLifetime: false },
      ...{ signOutEverywhere: false, revokeSignInSessions: false, accountContext: undefined },
      ...session,
    },
    downstreamApis: apis,
  };
  const { storage, state: store } = breakable(await openStorage('memory:', { log, now }));
  const authority = new FakeAuthority();
  const broker = new FakeBroker();
  const apiClient = new FakeApis(apis);
  const app = createWeb({
    settings,
    authority,
    broker,
    apiClient,
    storage,
    keyRing: new KeyRing(tokenCache),
    names: new RecordNames(tokenCache),
    log,
    audit: auditLog(log),
    hooks: new SiteHooks({ hooks, log }),
    now,
    randomBytes,
    addRoutes,
  });
  const server = createServer({ maxHeaderSize: 128 * 1024 }, app.callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  const { port } = address;
  return {
    authority,
    broker,
    apiClient,
    names: new RecordNames(tokenCache),
    storage,
    store,
    clock,
    /** All that was logged. */
    log: () => lines.join(''),
    aBrowser: () => new Browser(port, url.origin),
    port,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await storage.close();
    },
  };
}

export type Web = Awaited<ReturnType<typeof aWeb>>;
