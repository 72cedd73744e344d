/** The authority: where people sign in, with what is known of it and how this site proves itself to it. */
import { systemClock } from '../clock.ts';
import type { Settings } from '../config/settings.ts';
import type { Log } from '../log.ts';
import {
  type AssertionForm,
  type ClientAuthentication,
  clientAuthentication,
} from './client-authentication.ts';
import { HttpExchange } from './http-exchange.ts';
import { KeptFresh } from './kept-fresh.ts';
import { fetchMetadata, type MetadataLimits } from './metadata.ts';
import type { AuthorityMetadata } from './metadata-document.ts';
import { SigningKeys } from './signing-keys.ts';

/** A handle: give it to the functions of this folder. */
export interface Authority {
  readonly settings: Settings['azureAd'];
  readonly http: HttpExchange;
  readonly metadata: KeptFresh<AuthorityMetadata>;
  readonly signingKeys: SigningKeys;
  readonly clientAuthentication: ClientAuthentication;
  /** The form of assertion that worked last. */
  assertionForm: AssertionForm;
  readonly limits: AuthorityLimits;
  readonly now: () => number;
  readonly log: Log;
}

export interface AuthorityLimits extends MetadataLimits {
  /** For one exchange with the token endpoint. */
  readonly tokenMs: number;
}

export interface AuthorityParts {
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly log: Log;
  /** Other limits than a site's, for tests that wait for them. */
  readonly limits?: Partial<AuthorityLimits>;
}

const LIMITS: AuthorityLimits = {
  fetchMs: 8000,
  totalMs: 10_000,
  backoffMs: 250,
  tokenMs: 10_000,
};
const METADATA_FRESH_MS = 86_400_000;
const METADATA_RETRY_MS = 60_000;

/**
 * An authority, not yet asked for anything: it may be down.
 *
 * @throws {Misconfigured} the client certificate cannot be used.
 */
export function createAuthority(
  settings: Settings['azureAd'],
  { fetch: fetchGiven, now, log, limits: given }: AuthorityParts,
): Authority {
  const limits = { ...LIMITS, ...given };
  const http = new HttpExchange(fetchGiven);
  const { monotonic, sleep } = systemClock;
  const metadata = new KeptFresh({
    load: () =>
      fetchMetadata({ settings: settings.authority, http, now, monotonic, sleep, limits }),
    freshMs: METADATA_FRESH_MS,
    retryMs: METADATA_RETRY_MS,
    now,
    onStale: (error) => {
      log.warn({ event: 'authority_metadata_stale', err: error }, 'no discovery document now');
    },
  });
  const signingKeys = new SigningKeys({
    http,
    url: async () => (await metadata.current()).signingKeysUrl,
    now,
    fetchMs: limits.fetchMs,
    onStale: (error) => {
      log.warn({ event: 'signing_keys_stale', err: error }, 'no signing keys now');
    },
  });
  return {
    settings,
    http,
    metadata,
    signingKeys,
    clientAuthentication: clientAuthentication(settings.credential, now),
    assertionForm: 'sha256',
    limits,
    now,
    log,
  };
}
