/** Starts a small, faithful Entra ID with a Graph and a to-do API, on loopback only. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { isIP } from 'node:net';
import { Router } from '@koa/router';
import type { JSONWebKeySet } from 'jose';
import Koa from 'koa';
import { addAdminConsentEndpoint } from './admin-consent-endpoint.ts';
import { addAuthorizeEndpoint } from './authorize-endpoint.ts';
import { type Tenant, tenants, type User, users } from './directory.ts';
import { addDiscoveryEndpoints } from './discovery-endpoints.ts';
import { makeFaults } from './fault-middleware.ts';
import { noFaults } from './faults.ts';
import { addFileHost } from './file-host.ts';
import { addGraphApi } from './graph-api.ts';
import { addLogoutEndpoint } from './logout-endpoint.ts';
import { addManagedIdentity } from './managed-identity.ts';
import { addOperatorPage } from './operator-page.ts';
import { makePathFaults } from './path-faults.ts';
import { logRequests } from './request-log.ts';
import { todos } from './resources.ts';
import { SandboxControls } from './sandbox-controls.ts';
import {
  demoApp,
  demoIdentity,
  type ManagedIdentity,
  type RequestRecord,
  type SandboxOptions,
  type SentMail,
  type Upload,
} from './sandbox-options.ts';
import type { SandboxState } from './sandbox-state.ts';
import { addSignInSteps } from './sign-in-steps.ts';
import { SigningKeys } from './signing-keys.ts';
import { addTodoApi } from './todo-api.ts';
import { addTodoStreams } from './todo-streams.ts';
import { addTokenEndpoint } from './token-endpoint.ts';

/** A sandbox that answers. */
export interface Sandbox {
  /** The authority's instance, with a trailing slash. */
  readonly url: string;
  readonly graphUrl: string;
  readonly todoUrl: string;
  /** The application id URI of the to-do API: the prefix of its scopes. */
  readonly todoResource: string;
  readonly operatorUrl: string;
  /** What Azure sets in the environment of a host's processes: Microsoft's libraries read it. */
  readonly identityEnvironment: {
    readonly IDENTITY_ENDPOINT: string;
    readonly IDENTITY_HEADER: string;
  };
  readonly tenants: readonly Tenant[];
  readonly users: readonly User[];
  readonly controls: SandboxControls;
  /** The keys that are published at this moment. */
  readonly keySet: JSONWebKeySet;
  /** Every request so far, oldest first. */
  readonly requests: readonly RequestRecord[];
  /** Every message sent through Graph, oldest first. */
  readonly sentMail: readonly SentMail[];
  /** Every file uploaded through Graph, oldest first. */
  readonly uploads: readonly Upload[];
  /** How many of the to-do API's event streams callers hold open now. */
  readonly openStreams: number;
  close(): Promise<void>;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

async function createState(url: URL, options: SandboxOptions): Promise<SandboxState> {
  const now = options.now ?? Date.now;
  const keys = new SigningKeys(url, now);
  await keys.rotate(true);
  return {
    url,
    now,
    keys,
    apps: new Map((options.apps ?? [demoApp]).map((app) => [app.clientId.toLowerCase(), app])),
    flows: new Map(),
    browsers: new Map(),
    codes: new Map(),
    refreshTokens: new Map(),
    revokedFamilies: new Set(),
    consents: new Map(),
    usedAssertions: new Set(),
    revokedCertificates: new Set(),
    requests: [],
    sentMail: [],
    uploads: [],
    uploaded: new Map(),
    uploadSessions: new Map(),
    fileSecret: randomUUID(),
    faults: noFaults(),
    openStreams: 0,
    serial: 0,
    refreshTokenMode: options.refreshTokens ?? 'reusable',
    accessTokenSeconds: options.accessTokenSeconds ?? 3600,
    latencyMs: options.latencyMs ?? 0,
  };
}

function addAssets(router: Router): void {
  const assets = { 'sandbox.css': 'css', 'send-form.js': 'js' } as const;
  for (const [name, type] of Object.entries(assets)) {
    router.get(`/assets/${name}`, async (ctx: Koa.Context) => {
      ctx.type = type;
      ctx.body = await readFile(new URL(`assets/${name}`, import.meta.url));
    });
  }
}

function createApp(
  state: SandboxState,
  controls: SandboxControls,
  identities: readonly ManagedIdentity[],
  identityHeader: string,
): Koa {
  const router = new Router();
  addAssets(router);
  addOperatorPage(router, state, controls);
  addGraphApi(router, state);
  addTodoStreams(router, state);
  addTodoApi(router, state);
  addFileHost(router, state);
  // Where the `redirect` outage sends callers; what they bring along is in the request log.
  router.all('/elsewhere', (ctx: Koa.Context) => {
    ctx.body = { elsewhere: true };
  });
  addDiscoveryEndpoints(router, state);
  addAuthorizeEndpoint(router, state);
  addAdminConsentEndpoint(router, state);
  addSignInSteps(router, state);
  addTokenEndpoint(router, state);
  addManagedIdentity(router, state, identities, identityHeader);
  addLogoutEndpoint(router, state);
  const app = new Koa();
  // Callers that go away in the middle of an answer are no fault of the sandbox's.
  app.silent = true;
  app.use(logRequests(state));
  app.use(makePathFaults(state));
  app.use(makeFaults(state));
  app.use(router.routes());
  return app;
}

/** @throws {Error} the host is not loopback, or the port is taken (`EADDRINUSE`). */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const host = options.host ?? '127.0.0.1';
  if (!isLoopback(host)) throw new Error(`The sandbox answers on loopback only, not on ${host}`);
  const server = options.tls ? createTlsServer(options.tls) : createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options.port ?? 0, host, resolve);
  await promise;
  server.off('error', reject);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given');
  const name = options.publicHost ?? (host === '::1' ? '[::1]' : host);
  const url = new URL(`${options.tls ? 'https' : 'http'}://${name}:${address.port}/`);
  const state = await createState(url, options);
  const controls = new SandboxControls(state);
  const identities = options.managedIdentities ?? [demoIdentity];
  const identityHeader = randomUUID();
  server.on('request', createApp(state, controls, identities, identityHeader).callback());
  return {
    url: url.href,
    graphUrl: `${url.href}graph/v1.0`,
    todoUrl: `${url.href}todo`,
    todoResource: todos.uri,
    operatorUrl: `${url.href}operator`,
    identityEnvironment: {
      IDENTITY_ENDPOINT: `${url.href}msi/token`,
      IDENTITY_HEADER: identityHeader,
    },
    tenants,
    users,
    controls,
    get keySet() {
      return state.keys.published();
    },
    requests: state.requests,
    sentMail: state.sentMail,
    uploads: state.uploads,
    get openStreams() {
      return state.openStreams;
    },
    async close() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}
