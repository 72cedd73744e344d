/** A call made ready to be sent, perhaps more than once. */
import type { Readable } from 'node:stream';
import type { TokenRequest } from '../broker/account.ts';
import type { ApiCall, Caller } from './api-client.ts';
import { apiUrl } from './api-url.ts';
import { type ApiLimits, defaultLimits } from './limits.ts';
import { siteScopes } from './site-scopes.ts';

/** Read whole within one time, read as it comes within a size, or passed on whatever its size. */
export type Manner = 'whole' | 'stream' | 'relay';

export interface PreparedCall extends ApiCall {
  readonly caller: Caller;
  readonly method: string;
  readonly url: URL;
  readonly token: TokenRequest;
  readonly limits: ApiLimits;
  readonly manner: Manner;
}

/**
 * What the call says, else its API's section, else the defaults; `limits` go before all of them.
 *
 * @throws {Forbidden} the path leads out of the API's base URL.
 */
export function prepareCall(
  caller: Caller,
  call: ApiCall,
  manner: Manner,
  limits: Partial<ApiLimits> = {},
): PreparedCall {
  const { api, method = 'GET' } = call;
  const { defaults } = api;
  const { tenantId = defaults.tenantId, claims = defaults.claims } = call;
  const { forceRefresh = defaults.forceRefresh } = call;
  const scopes = call.scopes ?? (caller === 'site' ? siteScopes(api) : api.scopes);
  return {
    ...call,
    ...{ caller, method, manner },
    limits: {
      ...{ ...defaultLimits, ...api.limits, ...limits },
      ...(call.timeoutMs === undefined ? {} : { requestMs: call.timeoutMs }),
    },
    url: apiUrl(api, call.path, queryOf(call)),
    headers: { ...defaults.headers, ...call.headers },
    token: {
      scopes,
      ...(tenantId && { tenantId }),
      ...(claims && { claims }),
      ...(forceRefresh && { forceRefresh: true as const }),
    },
  };
}

/** A parameter of the call stands for all of its name in the section. */
function queryOf({ api, query }: ApiCall): URLSearchParams {
  const own = new URLSearchParams(query);
  const all = new URLSearchParams(api.defaults.query);
  for (const name of new Set(own.keys())) all.delete(name);
  for (const [name, value] of own) all.append(name, value);
  return all;
}

export function isOneShot(body: Readable | Buffer | undefined): boolean {
  return body !== undefined && !Buffer.isBuffer(body);
}
