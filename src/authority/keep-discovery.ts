/** What is learnt of an authority by asking it, and kept: its discovery document and its signing keys. */
import { systemClock } from '../clock.ts';
import type { AuthoritySettings } from '../config/settings.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { HttpExchange } from './http-exchange.ts';
import { KeptFresh } from '../kept-fresh.ts';
import { fetchMetadata, type MetadataLimits } from './metadata.ts';
import type { AuthorityMetadata } from './metadata-document.ts';
import { SigningKeys } from './signing-keys.ts';

export interface Discovery {
  readonly metadata: KeptFresh<AuthorityMetadata>;
  readonly signingKeys: SigningKeys;
}

export interface DiscoveryParts {
  readonly http: HttpExchange;
  readonly limits: MetadataLimits;
  readonly now: () => number;
  readonly log: Log;
}

const METADATA_FRESH_MS = 86_400_000;
const METADATA_RETRY_MS = 60_000;

/** Nothing is asked yet. */
export function keepDiscovery(settings: AuthoritySettings, parts: DiscoveryParts): Discovery {
  const { http, limits, now, log } = parts;
  const tenant = settings.kind === 'entra' ? { tenant: settings.tenantId } : {};
  const { monotonic, sleep } = systemClock;
  const metadata = new KeptFresh({
    load: () => fetchMetadata({ settings, http, now, monotonic, sleep, limits }),
    freshMs: METADATA_FRESH_MS,
    retryMs: METADATA_RETRY_MS,
    now,
    onStale: (err) => {
      log.warn(
        { event: 'authority_metadata_stale', ...tenant, ...problemOf(err) },
        'no discovery document now',
      );
    },
  });
  const signingKeys = new SigningKeys({
    http,
    url: async () => (await metadata.current()).signingKeysUrl,
    now,
    fetchMs: limits.fetchMs,
    onStale: (err) => {
      log.warn(
        { event: 'signing_keys_stale', ...tenant, ...problemOf(err) },
        'no signing keys now',
      );
    },
  });
  return { metadata, signingKeys };
}

/** Foreseen failures without their stack; of anything else it is needed. */
function problemOf(err: unknown): Record<string, unknown> {
  if (!(err instanceof AppError)) return { err };
  const { message: problem, cause } = err;
  return { problem, ...(cause instanceof Error && { cause: cause.message }) };
}
