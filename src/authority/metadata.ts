/** The authority's discovery document: where it is, how it is fetched and tried again. */
import type { AuthoritySettings } from '../config/settings.ts';
import { Unavailable } from '../errors.ts';
import type { HttpExchange } from './http-exchange.ts';
import { type AuthorityMetadata, checkMetadata } from './metadata-document.ts';
import { unreachable, unusableAnswer } from './transport-error.ts';

export interface MetadataLimits {
  /** For one attempt. */
  readonly fetchMs: number;
  /** For all attempts that one caller waits for. */
  readonly totalMs: number;
  /** Before the second attempt; doubled for each one after. */
  readonly backoffMs: number;
}

export interface MetadataParts {
  readonly settings: AuthoritySettings;
  readonly http: HttpExchange;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
  readonly limits: MetadataLimits;
}

/** Where the document is (OpenID Connect Discovery §4). The v2.0 path matters: without it Entra ID answers as v1.0. */
export function metadataUrl(settings: AuthoritySettings): URL {
  const base =
    settings.kind === 'entra'
      ? new URL(`${encodeURIComponent(settings.tenantId)}/v2.0`, settings.instance)
      : settings.issuer;
  return new URL(`${base.href.replace(/\/$/, '')}/.well-known/openid-configuration`);
}

/**
 * The document, checked; passing faults are tried again until the time is used up.
 *
 * @throws {Unavailable} the authority does not give it now.
 * @throws {Misconfigured} it has none there, or one that is not the configured authority's.
 */
export async function fetchMetadata(parts: MetadataParts): Promise<AuthorityMetadata> {
  const { monotonic, sleep, limits } = parts;
  const endsAt = monotonic() + limits.totalMs;
  for (let pauseMs = limits.backoffMs; ; pauseMs *= 2) {
    try {
      const leftMs = Math.max(1, Math.ceil(endsAt - monotonic()));
      return await attempt(parts, Math.min(limits.fetchMs, leftMs));
    } catch (error) {
      // A passing fault may be gone in a moment, and a person is waiting for it.
      if (!(error instanceof Unavailable) || monotonic() + pauseMs >= endsAt) throw error;
      await sleep(pauseMs);
    }
  }
}

async function attempt(parts: MetadataParts, timeoutMs: number): Promise<AuthorityMetadata> {
  const { settings, http, now } = parts;
  const url = metadataUrl(settings).href;
  const answer = await http
    .send(url, { timeoutMs, headers: { accept: 'application/json' } })
    .catch((error: unknown) => {
      throw unreachable(error);
    });
  if (answer.status !== 200 || answer.json === undefined) {
    throw unusableAnswer(answer, 'discovery document', now());
  }
  return checkMetadata(settings, answer.json);
}
