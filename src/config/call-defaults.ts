/** Reads what each call of an API is made with, and how long and how often it may be tried. */
import { isReservedHeader } from '../reserved-headers.ts';
import type { ApiKey } from './downstream-api.ts';
import { type ForeignKeys, judgeForeignKeys } from './foreign-keys.ts';
import { nearest } from './nearest.ts';
import type { Section } from './section.ts';
import type { CallDefaults, CallLimits } from './settings.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
export const TOKEN_KEYS = ['Tenant', 'Claims', 'ForceRefresh'] as const;
type TokenKey = (typeof TOKEN_KEYS)[number];

const FOREIGN: ForeignKeys = {
  harmless: ['AuthenticationOptionsName', 'CorrelationId'],
  unsafe: {
    ExtraQueryParameters: 'Remove it: no parameter of your own is sent to the authority.',
    ExtraHeadersParameters: 'Remove it: no header of your own is sent to the authority.',
    ExtraParameters: 'Remove it: no parameter of your own is sent to the authority.',
    FmiPath: 'Remove it: agent identities are not supported.',
    LongRunningWebApiSessionKey: 'Remove it: there is no on-behalf-of flow here.',
    ManagedIdentity: 'Remove it: tokens are asked for with AzureAd’s credential.',
    PopPublicKey: 'Remove it: only Bearer tokens are supported.',
    PopClaim: 'Remove it: only Bearer tokens are supported.',
    UserFlow: 'Azure AD B2C is not supported: use an Entra ID tenant.',
  },
};

/** RFC 9110 §5.1 and §5.5. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\x20-\x7e\x80-\xff]*$/;
/** A tenant's GUID or domain: one of the names for many has no tokens. */
const TENANT = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z0-9-]+(\.[a-z0-9-]+)+)$/i;

export function readCallDefaults(section: Section<ApiKey>): CallDefaults {
  const token = section.section('AcquireTokenOptions', TOKEN_KEYS);
  judgeForeignKeys(token, FOREIGN);
  return {
    method: readMethod(section),
    accept: readHeaderText(section, 'AcceptHeader'),
    contentType: readHeaderText(section, 'ContentType'),
    headers: readHeaders(section),
    query: Object.fromEntries(section.dictionary('ExtraQueryParameters')),
    tenantId: readTenant(token),
    claims: readClaims(token),
    forceRefresh: token.flag('ForceRefresh') ?? false,
  };
}

export function readCallLimits(section: Section<ApiKey>): CallLimits {
  const seconds = section.integer('TimeoutSeconds', { min: 1, max: 600 }) ?? 20;
  const first = section.integer('ResponseTimeoutSeconds', { min: 1, max: 600 });
  if (first !== undefined && first > seconds) {
    const problem = `is longer than TimeoutSeconds, which is ${seconds}`;
    section.fault('ResponseTimeoutSeconds', problem, 'Make it shorter, or TimeoutSeconds longer.');
  }
  return {
    requestMs: seconds * 1000,
    responseMs: (first ?? Math.min(seconds, 15)) * 1000,
    maxRetries: section.integer('MaxRetries', { min: 0, max: 10 }) ?? 2,
    maxConcurrent: section.integer('MaxConcurrentCalls', { min: 1, max: 10_000 }) ?? 200,
  };
}

function readMethod(section: Section<ApiKey>): string {
  const method = (section.text('HttpMethod') ?? 'GET').toUpperCase();
  if (METHODS.includes(method)) return method;
  const near = nearest(method, METHODS);
  const fix = near ? `Did you mean ${near}?` : `Known are ${METHODS.join(', ')}.`;
  section.fault('HttpMethod', `is ${method}, which is no method`, fix);
  return 'GET';
}

function readHeaderText(
  section: Section<ApiKey>,
  key: 'AcceptHeader' | 'ContentType',
): string | undefined {
  const text = section.text(key);
  if (text === undefined || HEADER_VALUE.test(text)) return text;
  section.fault(key, 'holds what no header may', 'Write a media type, such as application/json.');
  return undefined;
}

/** The names that Microsoft.Identity.Web reserves are reserved here, and some more. */
function readHeaders(section: Section<ApiKey>): Readonly<Record<string, string>> {
  const headers = [...section.dictionary('ExtraHeaderParameters')];
  for (const [name, value] of headers) {
    const [problem, fix] = isReservedHeader(name)
      ? [`sets ${name}, which is this site’s own or nobody’s`, 'Remove it.']
      : !HEADER_NAME.test(name) || !HEADER_VALUE.test(value)
        ? [`holds ${name}, which is no header or has a value that none may have`, 'Mend it.']
        : [];
    if (problem && fix) section.fault('ExtraHeaderParameters', problem, fix);
  }
  return Object.fromEntries(headers);
}

function readTenant(token: Section<TokenKey>): string | undefined {
  const tenant = token.text('Tenant');
  if (tenant === undefined || TENANT.test(tenant)) return tenant;
  token.fault('Tenant', 'is no tenant', 'Write the GUID or a domain of one tenant.');
  return undefined;
}

function readClaims(token: Section<TokenKey>): string | undefined {
  const claims = token.text('Claims');
  if (claims === undefined || isJsonObject(claims)) return claims;
  const fix = 'Write a claims request as JSON text, such as {"access_token":{…}}.';
  token.fault('Claims', 'is not the JSON text of an object', fix);
  return undefined;
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    // Said by the caller.
    return false;
  }
}
