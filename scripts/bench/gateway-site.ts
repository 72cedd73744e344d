/** A site with somebody signed in, put together as the composition root does it, for the bench of the gateway. */
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { loadSettings } from '../../src/config/load-settings.ts';
import { ApiClient } from '../../src/downstream/api-client.ts';
import { createLog } from '../../src/log.ts';
import { Records } from '../../src/records.ts';
import { api } from '../../src/web/api.ts';
import { createWeb } from '../../src/web/create-web.ts';
import { sessionAccount, sessionName, sessionSchema } from '../../src/web/session.ts';
import { SessionStore } from '../../src/web/session-store.ts';
import { SiteHooks } from '../../src/web/site-hooks.ts';
import { API_SCOPES, LIFE_SECONDS, TENANT_ID, textsFor } from './bench-accounts.ts';
import { benchBroker, benchKeyRing, benchNames, openBenchStorage } from './bench-broker.ts';
import { API_NAME, type GatewayEntry, ITEM, TYPED } from './gateway-entry.ts';

const neverAsked = () => Promise.reject(new Error('the authority is not asked in this bench'));

export interface BenchSite {
  readonly server: Server;
  /** Of the person signed in. */
  readonly cookie: string;
}

export async function benchSite({ redisUri, apiUrl }: GatewayEntry): Promise<BenchSite> {
  const { settings } = loadSettings({ env: environment(redisUri, apiUrl), directory: '/nowhere' });
  // Every line is made and none is written.
  const log = createLog('info', () => undefined);
  const storage = await openBenchStorage(redisUri);
  const broker = benchBroker(storage, neverAsked);
  const { sessionId, session, identity, tokens } = aPerson();
  const account = await broker.keep({
    ...{ identity, ...tokens, sessionId: sessionName(sessionId), begunAt: Date.now() },
    ...{ askedScopes: API_SCOPES, expiresInSeconds: LIFE_SECONDS, refreshInSeconds: undefined },
  });
  const now = Date.now();
  const records = new Records({
    ...{ storage, keyRing: benchKeyRing, schema: sessionSchema, now: Date.now, log },
  });
  const sessions = new SessionStore({
    ...{ ...settings.session, records, names: benchNames, now: Date.now, log },
  });
  const endsAt = now + 3_600_000;
  const tie = sessionAccount({ account, identity, roles: [], groups: [], acrs: [], now, endsAt });
  await sessions.create(sessionId, { ...session, accounts: [tie], active: account.id }, {});

  const web = createWeb({
    settings,
    authority: {
      ...{ requestCode: neverAsked, redeemCode: neverAsked, readLogoutToken: neverAsked },
      ...{
        endSessionUrl: neverAsked,
        adminConsentUrl: () => new URL('about:blank'),
        health: () => 'up',
      },
      hasAdministrators: () => true,
      credentials: { status: [], inUse: undefined },
    },
    ...{ broker, storage, log, keyRing: benchKeyRing, names: benchNames, randomBytes },
    apiClient: new ApiClient({ apis: settings.downstreamApis, broker, log }),
    ...{ audit: () => undefined, hooks: new SiteHooks({ hooks: {}, log }), now: Date.now },
  });
  web.use(async (ctx) => {
    if (ctx.path === TYPED) ctx.body = await api(ctx, API_NAME).get(ITEM);
  });
  return { server: createServer(web.callback()), cookie: `concierge=${sessionId}` };
}

function aPerson() {
  const texts = textsFor({ id: 'bench', epoch: '' });
  const { name, username, objectId, subject, loginHint, sid } = texts;
  const now = Date.now();
  return {
    sessionId: randomBytes(32).toString('base64url'),
    session: { csrf: randomBytes(32).toString('base64url'), createdAt: now, seenAt: now },
    identity: {
      accountId: `${objectId}.${TENANT_ID}`,
      issuer: `https://login.microsoftonline.com/${TENANT_ID}/v2.0`,
      ...{ tenantId: TENANT_ID, name, username, objectId, subject, loginHint, sid },
    },
    tokens: {
      accessToken: texts.apiToken,
      refreshToken: texts.refreshToken,
      scopes: API_SCOPES,
    },
  };
}

function environment(redisUri: string, apiUrl: string): Record<string, string> {
  return {
    Site__PublicUrl: 'http://localhost:4000',
    AzureAd__TenantId: TENANT_ID,
    AzureAd__ClientId: 'bbbbbbbb-2222-4333-8444-555555555555',
    AzureAd__ClientSecret: 'not used in a bench',
    TokenCache__Store: redisUri,
    TokenCache__EncryptionKeys__0: Buffer.alloc(32, 1).toString('base64'),
    TokenCache__IndexKey: Buffer.alloc(32, 2).toString('base64'),
    [`DownstreamApis__${API_NAME}__BaseUrl`]: apiUrl,
    [`DownstreamApis__${API_NAME}__Scopes`]: API_SCOPES.join(' '),
    [`DownstreamApis__${API_NAME}__Gateway__0__Methods`]: 'GET, PUT',
    [`DownstreamApis__${API_NAME}__Gateway__0__Path`]: '/**',
  };
}
