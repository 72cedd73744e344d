/** A token broker on a given store with an authority in memory that counts, for tests of the laws. */
import { randomBytes } from 'node:crypto';
import type { Audit } from '../../src/audit.ts';
import type { Account, Redemption } from '../../src/broker/account.ts';
import { accountRecordSchema } from '../../src/broker/account-record.ts';
import { Lease } from '../../src/broker/lease.ts';
import { TokenBroker } from '../../src/broker/token-broker.ts';
import type { IsAdmitted } from '../../src/broker/token-broker-options.ts';
import { tokenSetSchema } from '../../src/broker/token-set.ts';
import { systemClock } from '../../src/clock.ts';
import { KeyRing } from '../../src/encryption.ts';
import { Misconfigured, SignInRequired, Unavailable } from '../../src/errors.ts';
import { createLog, type Log } from '../../src/log.ts';
import { RecordNames } from '../../src/record-names.ts';
import { Records } from '../../src/records.ts';
import type { ReadOptions, Replaced, Storage } from '../../src/storage/storage.ts';
import type {
  AppTokenRequest,
  AppTokenResponse,
  Identity,
  RefreshAnswer,
  RefreshRequest,
} from '../../src/token-response.ts';

export const newId = () => randomBytes(18).toString('base64url');

/** Keys that every broker of a test run shares. */
export const testKeys = {
  encryptionKeys: [Buffer.alloc(32, 1)],
  indexKey: Buffer.alloc(32, 2),
};

export function anIdentity(accountId = 'uid.utid'): Identity {
  return {
    accountId,
    issuer: 'https://authority.test/tenant/v2.0',
    subject: `subject of ${accountId}`,
    tenantId: 'tenant',
    objectId: 'object',
    name: 'Ada Example',
    username: 'ada@contoso.example',
    loginHint: undefined,
    sid: undefined,
  };
}

/** What the authority does with a refresh token that was used. */
export type Mode = 'reusable' | 'rotating' | 'family';

/** Refresh tokens of one account, with the faults a test asks for. */
export class CountingAuthority {
  mode: Mode = 'reusable';
  latencyMs = 5;
  expiresInSeconds = 3600;
  /** Replaces the next answers: thrown if an error, else given. */
  next: (Error | ((answer: RefreshAnswer) => RefreshAnswer))[] = [];
  /** Called before a request is sent, as the signing of an assertion is. */
  onPreparation: (() => Promise<void>) | undefined;
  /** Called when a request has arrived, before it is answered. */
  onArrival: (() => Promise<void>) | undefined;
  readonly used: string[] = [];
  readonly asked: RefreshRequest[] = [];
  /** Requests for tokens of the site itself. */
  readonly askedForApp: AppTokenRequest[] = [];
  readonly #good = new Set<string>();

  /** A refresh token as a sign-in brings it. */
  issue(): string {
    const refreshToken = `refresh-token-${newId()}`;
    this.#good.add(refreshToken);
    return refreshToken;
  }

  revoke(): void {
    this.#good.clear();
  }

  refresh = async (request: RefreshRequest): Promise<RefreshAnswer> => {
    await this.onPreparation?.();
    request.beforeSend();
    this.asked.push(request);
    this.used.push(request.refreshToken);
    await this.onArrival?.();
    await systemClock.sleep(this.latencyMs);
    const fault = this.next.shift();
    if (fault instanceof Error) throw fault;
    if (!this.#good.has(request.refreshToken)) {
      if (this.mode === 'family') this.revoke();
      throw new SignInRequired('refresh-token-dead', { detail: { error: 'invalid_grant' } });
    }
    if (this.mode !== 'reusable') this.#good.delete(request.refreshToken);
    const answer: RefreshAnswer = {
      kind: 'verified',
      response: {
        accessToken: `access-token-${newId()} for ${request.scopes.join(' ')}`,
        refreshToken: this.issue(),
        scopes: [...request.scopes],
        expiresInSeconds: this.expiresInSeconds,
        refreshInSeconds: undefined,
        identity: anIdentity(request.accountId),
      },
    };
    return fault ? fault(answer) : answer;
  };

  requestAppToken = async (request: AppTokenRequest): Promise<AppTokenResponse> => {
    await this.onPreparation?.();
    request.beforeSend();
    this.askedForApp.push(request);
    await this.onArrival?.();
    await systemClock.sleep(this.latencyMs);
    const fault = this.next.shift();
    if (fault instanceof Error) throw fault;
    return {
      accessToken: `app-token-${newId()} for ${request.scopes.join(' ')}`,
      scopes: [...request.scopes],
      expiresInSeconds: this.expiresInSeconds,
      refreshInSeconds: undefined,
    };
  };
}

/** One that knows no tokens of a site itself. */
export async function noAppTokens(): Promise<never> {
  throw new Misconfigured('This authority gives no tokens to the site itself.');
}

/** A store that can be made to fail, before or after it has done what it was asked. */
export class FaultyStorage implements Storage {
  readonly label = 'faulty';
  readonly shared = true;
  away: 'no' | 'reads-and-writes' | 'writes' = 'no';
  /** How many changes it took. */
  replaced = 0;
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  get = (name: string, options?: ReadOptions) =>
    this.#unless(this.away === 'reads-and-writes', () => this.#storage.get(name, options));
  set = (name: string, value: string, ttlMs: number) =>
    this.#unless(this.away !== 'no', () => this.#storage.set(name, value, ttlMs));
  delete = (name: string) => this.#unless(this.away !== 'no', () => this.#storage.delete(name));
  replace = (
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<Replaced> =>
    this.#unless(this.away !== 'no', async () => {
      const outcome = await this.#storage.replace(name, expected, next, ttlMs);
      if (outcome === 'replaced') this.replaced += 1;
      return outcome;
    });
  erase = () => this.#unless(this.away !== 'no', () => this.#storage.erase());
  ping = () => this.#unless(this.away !== 'no', () => this.#storage.ping());
  close = () => this.#storage.close();

  async #unless<T>(away: boolean, work: () => Promise<T>): Promise<T> {
    if (away) throw new Unavailable('The store is away.');
    return await work();
  }
}

export interface RigOptions {
  readonly storage: Storage;
  readonly authority: Pick<CountingAuthority, 'refresh'> &
    Partial<Pick<CountingAuthority, 'requestAppToken'>>;
  /** Added to the wall clock. */
  readonly skewMs?: number;
  readonly callerWaitMs?: number;
  readonly encryptionKeys?: readonly Buffer[];
  readonly log?: Log;
  readonly audit?: Audit;
  readonly isAdmitted?: IsAdmitted;
  readonly ownName?: string;
  /** What it calls its authority. */
  readonly authorityName?: string | undefined;
  /** In place of waiting. */
  readonly sleep?: (ms: number) => Promise<void>;
  readonly lease?: { beatMs?: number; takeoverMs?: number; sendWindowMs?: number };
}

/** A broker as one process has it. */
export function aBroker(options: RigOptions): TokenBroker {
  const { storage, authority } = options;
  const clock = {
    ...systemClock,
    now: () => Date.now() + (options.skewMs ?? 0),
    sleep: options.sleep ?? systemClock.sleep,
  };
  const log = options.log ?? createLog('silent');
  const keyRing = new KeyRing({
    encryptionKeys: options.encryptionKeys ?? testKeys.encryptionKeys,
  });
  const kept = { storage, keyRing, now: clock.now, log, maxOpen: 1000 };
  return new TokenBroker({
    storage,
    accounts: new Records({ ...kept, schema: accountRecordSchema }),
    apps: new Records({ ...kept, schema: tokenSetSchema }),
    names: new RecordNames({
      ...{ instanceName: 'test', indexKey: testKeys.indexKey },
      ...(options.ownName !== undefined && { ownName: options.ownName }),
    }),
    lease: new Lease({ storage, clock, processId: newId(), ...options.lease }),
    refresh: authority.refresh,
    requestAppToken: authority.requestAppToken ?? noAppTokens,
    authority: options.authorityName,
    isAdmitted: options.isAdmitted ?? (() => true),
    clock,
    log,
    audit: options.audit ?? (() => undefined),
    random: Math.random,
    newId,
    sessionMs: 3_600_000,
    ...(options.callerWaitMs === undefined ? {} : { callerWaitMs: options.callerWaitMs }),
  });
}

/** Signs in with a Graph token that is good for `expiresInSeconds`. */
export function signIn(
  broker: TokenBroker,
  redemption: Partial<Redemption> = {},
): Promise<Account> {
  return broker.keep({
    identity: anIdentity(),
    accessToken: `access-token-of-sign-in-${newId()}`,
    refreshToken: undefined,
    scopes: ['User.Read'],
    askedScopes: ['User.Read'],
    expiresInSeconds: 3600,
    refreshInSeconds: undefined,
    sessionId: 'session-1',
    // After whatever was ended.
    begunAt: Number.MAX_SAFE_INTEGER,
    ...redemption,
  });
}
