/** The composition root: every part of the site, made once and joined. Read it first. */
import { randomBytes } from 'node:crypto';
import { type Audit, auditLog } from './audit.ts';
import { adminConsentUrl, hasAdministrators } from './authority/admin-consent.ts';
import { authorityHealth } from './authority/authority-health.ts';
import { type Authority, createAuthority } from './authority/create-authority.ts';
import { endSessionUrl } from './authority/end-session-url.ts';
import { isAdmitted } from './authority/is-admitted.ts';
import { ownName } from './authority/own-name.ts';
import { readLogoutToken } from './authority/read-logout-token.ts';
import { redeemCode } from './authority/redeem-code.ts';
import { refreshTokens } from './authority/refresh-tokens.ts';
import { requestAppToken } from './authority/request-app-token.ts';
import { requestCode } from './authority/request-code.ts';
import { accountRecordSchema } from './broker/account-record.ts';
import { Lease } from './broker/lease.ts';
import { TokenBroker } from './broker/token-broker.ts';
import { tokenSetSchema } from './broker/token-set.ts';
import { systemClock } from './clock.ts';
import type { Settings } from './config/settings.ts';
import { watchCredentials } from './credentials/watch-credentials.ts';
import { ApiClient } from './downstream/api-client.ts';
import { KeyRing } from './encryption.ts';
import { loadHooks } from './load-hooks.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { RecordNames } from './record-names.ts';
import { Records } from './records.ts';
import { openStorage } from './storage/open-storage.ts';
import type { Storage } from './storage/storage.ts';
import { type AddRoutes, createWeb } from './web/create-web.ts';
import { SiteHooks } from './web/site-hooks.ts';

/** A site ready to listen. */
export interface App {
  /** Answers requests: for `http.createServer`. */
  readonly callback: ReturnType<ReturnType<typeof createWeb>['callback']>;
  /** What a monitoring system counts, in the text format of Prometheus. */
  metrics(): Promise<string>;
  /** Waits for refreshes and hooks under way, writes what is unwritten, and closes the store. */
  close(): Promise<void>;
  /** How long that takes at most. */
  readonly closeMs: number;
}

/** Longer than a request to the authority may take, and what it brings may wait for the store. */
const CLOSE_MS = 15_000;
/** Of accounts in use: some 20 kB each. */
const MAX_OPEN_ACCOUNTS = 2000;
const MAX_OPEN_APPS = 100;

/**
 * `addRoutes`: for a site that brings routes of its own.
 *
 * @throws {Misconfigured} the store's URI, a module or a package that settings name cannot be used.
 */
export async function createApp(settings: Settings, log: Log, addRoutes?: AddRoutes): Promise<App> {
  const { now } = systemClock;
  const audit = auditLog(log);
  const hooks = new SiteHooks({ hooks: await loadHooks(settings.site.hooks), log });
  const authority = createAuthority(settings.azureAd, { fetch, now, log, audit });
  await authority.credentials.prepare();

  const { store, instanceName, schemaName, tableName } = settings.tokenCache;
  const naming = { instanceName, schemaName, tableName };
  const storage = await openStorage(store, { log, now, ...naming });
  try {
    return joinParts({ settings, log, addRoutes, audit, hooks, authority, storage });
  } catch (error) {
    // Its connection would keep a process alive that listens on nothing.
    await storage.close();
    throw error;
  }
}

interface OpenedParts {
  readonly settings: Settings;
  readonly log: Log;
  readonly addRoutes: AddRoutes | undefined;
  readonly audit: Audit;
  readonly hooks: SiteHooks;
  readonly authority: Authority;
  readonly storage: Storage;
}

function joinParts(opened: OpenedParts): App {
  const { settings, log, addRoutes, audit, hooks, authority, storage } = opened;
  const clock = systemClock;
  const newId = () => randomBytes(24).toString('base64url');
  const keyRing = new KeyRing(settings.tokenCache);
  const own = ownName(settings.azureAd);
  const names = new RecordNames({
    ...settings.tokenCache,
    ownName: own,
  });
  const kept = { storage, keyRing, now: clock.now, log };

  const { credentials } = authority;
  const broker = new TokenBroker({
    storage,
    accounts: new Records({ ...kept, schema: accountRecordSchema, maxOpen: MAX_OPEN_ACCOUNTS }),
    apps: new Records({ ...kept, schema: tokenSetSchema, maxOpen: MAX_OPEN_APPS }),
    names,
    lease: new Lease({ storage, clock, processId: newId() }),
    refresh: (request) => refreshTokens(authority, request),
    requestAppToken: (request) => requestAppToken(authority, request),
    authority: own,
    isAdmitted: (kept) => isAdmitted(settings.azureAd, kept, own),
    clock,
    log,
    audit,
    random: Math.random,
    newId,
    sessionMs: settings.session.absoluteHours * 3_600_000,
  });
  const apiClient = new ApiClient({ apis: settings.downstreamApis, broker, log });

  const web = createWeb({
    settings,
    authority: {
      requestCode: (request) => requestCode(authority, request),
      redeemCode: (redemption) => redeemCode(authority, redemption),
      readLogoutToken: (logoutToken) => readLogoutToken(authority, logoutToken),
      hasAdministrators: (tenantId) => hasAdministrators(authority, tenantId),
      adminConsentUrl: (request) => adminConsentUrl(authority, request),
      endSessionUrl: (request) => endSessionUrl(authority, request),
      health: () => authorityHealth(authority),
      credentials,
    },
    broker,
    apiClient,
    storage,
    keyRing,
    names,
    log,
    audit,
    hooks,
    now: clock.now,
    randomBytes,
    addRoutes,
  });

  const stopWatching = watchCredentials({
    review: (isFar) => credentials.review({ isFar }),
    ...{ now: clock.now, log },
  });
  let metrics: ReturnType<typeof createMetrics> | undefined;

  return {
    callback: web.callback(),
    metrics: async () => {
      // Made when it is first asked for: what it watches costs a little all the time.
      metrics ??= createMetrics({ credentials, now: clock.now });
      return await metrics.metrics();
    },
    closeMs: CLOSE_MS,
    close: async () => {
      stopWatching();
      await Promise.all([hooks.settled(), broker.close(CLOSE_MS)]);
      await storage.close();
    },
  };
}
