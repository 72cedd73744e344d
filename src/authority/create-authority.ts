/** The authority: where people sign in, with what is known of it and how this site proves itself to it. */
import { LRUCache } from 'lru-cache';
import type { Audit } from '../audit.ts';
import type { Settings } from '../config/settings.ts';
import { ClientCredentials } from '../credentials/client-credentials.ts';
import type { Log } from '../log.ts';
import type { AssertionForm } from './client-assertion.ts';
import { HttpExchange } from './http-exchange.ts';
import { type Discovery, keepDiscovery } from './keep-discovery.ts';
import type { MetadataLimits } from './metadata.ts';

/** A handle: give it to the functions of this folder. */
export interface Authority extends Discovery {
  readonly settings: Settings['azureAd'];
  readonly http: HttpExchange;
  readonly credentials: ClientCredentials;
  /** The form of assertion that was taken last, in whatever tenant, by the certificate's thumbprint. */
  readonly assertionForms: Map<string, AssertionForm>;
  /** The same authority for other tenants: those in use lately, see `authorityOfTenant`. */
  readonly otherTenants: LRUCache<string, Authority>;
  readonly limits: AuthorityLimits;
  readonly now: () => number;
  readonly log: Log;
}

export interface AuthorityLimits extends MetadataLimits {
  /** For one exchange with the token endpoint. */
  readonly tokenMs: number;
  /** How many other tenants are kept in mind. */
  readonly otherTenants: number;
}

export interface AuthorityParts {
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly log: Log;
  readonly audit: Audit;
  /** Other limits than a site's, for tests that wait for them. */
  readonly limits?: Partial<AuthorityLimits>;
}

const LIMITS: AuthorityLimits = {
  fetchMs: 8000,
  totalMs: 10_000,
  backoffMs: 250,
  tokenMs: 10_000,
  otherTenants: 200,
};

/** An authority, not yet asked for anything: it may be down. */
export function createAuthority(
  settings: Settings['azureAd'],
  { fetch: fetchGiven, now, log, audit, limits: given }: AuthorityParts,
): Authority {
  const limits = { ...LIMITS, ...given };
  const http = new HttpExchange(fetchGiven);
  return {
    settings,
    http,
    ...keepDiscovery(settings.authority, { http, limits, now, log }),
    credentials: new ClientCredentials(settings.credentials, {
      ...{ clientId: settings.clientId, now, log, audit },
    }),
    assertionForms: new Map(),
    otherTenants: new LRUCache({ max: limits.otherTenants }),
    limits,
    now,
    log,
  };
}
