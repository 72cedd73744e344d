/** Starts a small Key Vault on https, on loopback only, that knows the calls Microsoft's libraries make. */
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import Koa from 'koa';
import type { Sandbox } from '../start-sandbox.ts';
import { answerOrder, readOrder, type VaultOrder } from './vault-api.ts';
import { VaultControls } from './vault-controls.ts';
import { VaultError } from './vault-error.ts';
import {
  noVaultFaults,
  type VaultCall,
  type VaultOperation,
  type VaultState,
} from './vault-state.ts';
import { checkToken, type VaultTenant, vaultResource } from './vault-token.ts';

export interface KeyVaultOptions {
  /** The vault is `https://<name>.vault.azure.net` to its callers. */
  readonly name: string;
  /** Key and certificate, in PEM, for that host. */
  readonly tls: { readonly key: string; readonly cert: string };
  /** Whose first tenant the vault belongs to: its tokens are checked with that sandbox's keys. */
  readonly sandbox: Pick<Sandbox, 'url' | 'tenants' | 'keySet'>;
  /** The vault's clock, in epoch milliseconds. */
  readonly now?: () => number;
}

export interface KeyVault {
  /** `https://<name>.vault.azure.net`, without a trailing slash: what its callers call. */
  readonly url: string;
  /** The host of that URL. */
  readonly host: string;
  /** Where it answers, on 127.0.0.1. */
  readonly port: number;
  readonly controls: VaultControls;
  /** Every call so far, oldest first. */
  readonly calls: readonly VaultCall[];
  /** How many calls of this kind brought a token that was taken, however they were answered. */
  count(operation: VaultOperation): number;
  close(): Promise<void>;
}

const apiVersions = /^(7\.\d|\d{4}-\d\d-\d\d)(-preview(\.\d)?)?$/;

/** Whether the outage leaves the request without an answer of the vault's. */
function isDown(ctx: Koa.Context, { faults }: VaultState): boolean {
  if (faults.outage === 'none') return false;
  if (faults.outage === '500' || faults.outage === '503') {
    const code = faults.outage === '500' ? 'InternalServerError' : 'ServiceUnavailable';
    throw new VaultError(Number(faults.outage), code, 'The vault has a bad day.');
  }
  ctx.respond = false;
  if (faults.outage === 'connection-reset') ctx.req.socket.destroy();
  return true;
}

/** @throws {VaultError} 429 or 403. */
function checkPermitted(
  { faults }: VaultState,
  { operation, name }: VaultOrder,
  who: string,
): void {
  if (faults.throttled > 0) {
    faults.throttled -= 1;
    const message =
      'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached.';
    throw new VaultError(429, 'Throttled', message);
  }
  if (!faults.denied.includes(operation)) return;
  throw new VaultError(
    403,
    'Forbidden',
    `Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: ${who}\r\nAction: '${operation}'\r\nResource: '${name}'`,
    'ForbiddenByRbac',
  );
}

async function answer(
  ctx: Koa.Context,
  state: VaultState,
  tenant: VaultTenant,
  order: VaultOrder | undefined,
): Promise<void> {
  if (isDown(ctx, state)) return;
  if (!apiVersions.test(ctx.URL.searchParams.get('api-version') ?? '')) {
    throw new VaultError(400, 'BadParameter', 'A supported api-version must be specified.');
  }
  const { azp, oid, iss } = await checkToken(ctx.get('authorization'), tenant, state.now());
  if (!order) throw new VaultError(404, 'NotFound', 'The vault does not know this call.');
  checkPermitted(state, order, `appid=${azp};oid=${oid};iss=${iss}`);
  ctx.body = await answerOrder(ctx, state, order);
}

function refuse(ctx: Koa.Context, error: VaultError, tenant: VaultTenant, state: VaultState): void {
  ctx.status = error.status;
  ctx.body = error.body();
  if (error.status === 401) {
    const authorization = tenant.issuer.replace(/\/v2\.0$/, '');
    ctx.set(
      'www-authenticate',
      `Bearer authorization="${authorization}", resource="${vaultResource}"`,
    );
  }
  if (error.status === 429) ctx.set('retry-after', String(state.faults.retryAfterSeconds));
}

function createApp(state: VaultState, tenant: VaultTenant): Koa {
  const app = new Koa();
  // Callers that go away in the middle of an answer are no fault of the vault's.
  app.silent = true;
  app.use(async (ctx) => {
    const order = readOrder(ctx.method, ctx.path);
    const call = order && { ...order, at: state.now(), status: 0 };
    if (call) state.calls.push(call);
    try {
      await answer(ctx, state, tenant, order);
    } catch (error) {
      // The one place where a refusal becomes an answer; anything else is a defect.
      if (!(error instanceof VaultError)) throw error;
      refuse(ctx, error, tenant, state);
    }
    if (call && ctx.respond !== false) call.status = ctx.status;
  });
  return app;
}

export async function startKeyVault(options: KeyVaultOptions): Promise<KeyVault> {
  const { name, tls, sandbox } = options;
  const host = `${name}.vault.azure.net`;
  const state: VaultState = {
    url: `https://${host}`,
    now: options.now ?? Date.now,
    versions: new Map(),
    calls: [],
    faults: noVaultFaults(),
  };
  const id = sandbox.tenants[0]?.id ?? '';
  const tenant = { issuer: `${sandbox.url}${id}/v2.0`, keys: () => sandbox.keySet };
  const server = createServer(tls, createApp(state, tenant).callback());
  const sockets = new Set<TLSSocket>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given');
  return {
    url: state.url,
    host,
    port: address.port,
    controls: new VaultControls(state),
    calls: state.calls,
    count: (operation) =>
      state.calls.filter((call) => call.operation === operation && call.status !== 401).length,
    async close() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
