/** The record of every request that the sandbox is sent. */
import type Koa from 'koa';
import type { RequestRecord, SandboxEndpoint } from './sandbox-options.ts';
import type { SandboxState } from './sandbox-state.ts';

const kept = 20_000;

const endpoints: readonly (readonly [RegExp, SandboxEndpoint])[] = [
  [/^\/graph\//, 'graph'],
  [/^\/todo(\/|$)/, 'todo'],
  [/^\/files\//, 'files'],
  [/^\/msi\/token$/, 'managed-identity'],
  [/\/openid-configuration$/, 'discovery'],
  [/\/discovery\/v2\.0\/keys$/, 'keys'],
  [/\/oauth2\/v2\.0\/authorize$/, 'authorize'],
  [/\/oauth2\/v2\.0\/token$/, 'token'],
  [/\/oauth2\/v2\.0\/logout$/, 'logout'],
  [/\/adminconsent$/, 'admin-consent'],
  [/^\/[^/]+\/login$/, 'sign-in'],
];

/** Which endpoint a path belongs to. */
export function endpointOf(path: string): SandboxEndpoint {
  return endpoints.find(([pattern]) => pattern.test(path))?.[1] ?? 'other';
}

/** Writes down each request on arrival and its status once it is answered. */
export function logRequests(state: SandboxState): Koa.Middleware {
  return async (ctx, next) => {
    const record: RequestRecord = {
      endpoint: endpointOf(ctx.path),
      method: ctx.method,
      path: ctx.url,
      headers: ctx.headers,
      at: state.now(),
      status: 0,
    };
    ctx.state['record'] = record;
    state.requests.push(record);
    if (state.requests.length > kept) state.requests.shift();
    await next();
    if (ctx.respond !== false) record.status = ctx.status;
  };
}

/** The record of the request at hand. */
export const recordOf = (ctx: Koa.Context): RequestRecord => ctx.state['record'];
