/** A token broker as a site has it: real storage, real authority, with a place to look in at each step. */
import { randomBytes } from 'node:crypto';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Authority, createAuthority } from '../../src/authority/create-authority.ts';
import { refreshTokens } from '../../src/authority/refresh-tokens.ts';
import { requestAppToken } from '../../src/authority/request-app-token.ts';
import { type AccountRecord, accountRecordSchema } from '../../src/broker/account-record.ts';
import { Lease } from '../../src/broker/lease.ts';
import { TokenBroker } from '../../src/broker/token-broker.ts';
import { tokenSetSchema } from '../../src/broker/token-set.ts';
import { systemClock } from '../../src/clock.ts';
import { KeyRing } from '../../src/encryption.ts';
import type { Log } from '../../src/log.ts';
import { RecordNames } from '../../src/record-names.ts';
import { Records } from '../../src/records.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { Refresh } from '../../src/token-response.ts';

export interface RaceBrokerOptions {
  readonly storeUri: string;
  readonly authorityUrl: string;
  readonly now: () => number;
  readonly log: Log;
  readonly fetch?: typeof fetch;
  /** The storage of account records, seen by a watcher. */
  readonly watchAccounts?: (storage: Storage) => Storage;
  readonly watchRefresh?: (refresh: Refresh) => Refresh;
}

export interface RaceBroker {
  readonly broker: TokenBroker;
  readonly authority: Authority;
  readonly storage: Storage;
  /** The name of an account's record. */
  nameOf(accountId: string): string;
  /** The account's record as it is in the store. */
  read(accountId: string): Promise<AccountRecord | undefined>;
  /** Waits for what is under way, for at most `ms`. */
  close(ms: number): Promise<void>;
}

const INSTANCE = 'races';
const DAY_MS = 86_400_000;
const MAX_OPEN = 1000;
const keys = { encryptionKeys: [Buffer.alloc(32, 1)], indexKey: Buffer.alloc(32, 2) };

export async function aRaceBroker(options: RaceBrokerOptions): Promise<RaceBroker> {
  const { storeUri, authorityUrl, now, log } = options;
  const clock = { ...systemClock, now };
  const newId = () => randomBytes(18).toString('base64url');
  const storage = await openStorage(storeUri, { log, now, instanceName: INSTANCE });
  const authority = createAuthority(settingsFor(authorityUrl), {
    fetch: options.fetch ?? fetch,
    now,
    log,
    audit: () => {},
  });
  const refresh: Refresh = (request) => refreshTokens(authority, request);
  const kept = { keyRing: new KeyRing(keys), now, log, maxOpen: MAX_OPEN };
  const watched = options.watchAccounts?.(storage) ?? storage;
  const accounts = new Records({ ...kept, storage: watched, schema: accountRecordSchema });
  const names = new RecordNames({ instanceName: INSTANCE, indexKey: keys.indexKey });
  const broker = new TokenBroker({
    storage,
    accounts,
    apps: new Records({ ...kept, storage, schema: tokenSetSchema }),
    names,
    lease: new Lease({ storage, clock, processId: newId() }),
    refresh: options.watchRefresh?.(refresh) ?? refresh,
    requestAppToken: (request) => requestAppToken(authority, request),
    isAdmitted: () => true,
    clock,
    log,
    audit: () => undefined,
    random: Math.random,
    newId,
    sessionMs: DAY_MS,
  });
  const nameOf = (accountId: string) => names.forAccount(accountId, 'account');
  return {
    broker,
    authority,
    storage,
    nameOf,
    read: async (accountId) => (await accounts.read(nameOf(accountId)))?.value,
    close: async (ms) => {
      await broker.close(ms);
      await storage.close();
    },
  };
}

function settingsFor(authorityUrl: string) {
  const [secret = ''] = demoApp.secrets;
  return {
    authority: { kind: 'entra', instance: new URL(authorityUrl), tenantId: 'common' } as const,
    tenants: { allowed: undefined, denied: [] },
    clientId: demoApp.clientId,
    credentials: [{ sourceType: 'ClientSecret', key: 'AzureAd:ClientSecret', secret } as const],
    responseMode: 'query' as const,
    callbackPath: '/signin-oidc',
    signedOutCallbackPath: '/signout-callback-oidc',
    remoteSignOutPath: '/signout-oidc',
    backChannelLogoutPath: '/backchannel-logout',
    adminConsentCallbackPath: '/admin-consent-callback',
    clientCapabilities: [],
  };
}
