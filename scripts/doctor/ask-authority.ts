/** Asks the authority for its discovery document, and keeps all that the answer tells. */
import type { HttpAnswer, HttpExchange } from '../../src/authority/http-exchange.ts';
import { metadataUrl } from '../../src/authority/metadata.ts';
import { type AuthorityMetadata, checkMetadata } from '../../src/authority/metadata-document.ts';
import type { Clock } from '../../src/clock.ts';
import type { AuthoritySettings } from '../../src/config/settings.ts';
import { Misconfigured } from '../../src/errors.ts';

interface Asked {
  readonly url: URL;
  readonly tookMs: number;
}

export type AuthorityAnswer =
  | (Asked & { readonly state: 'unreached'; readonly error: unknown })
  | (Asked & {
      /** `refused`: no document came. `foreign`: one that is not to be used, as `problem` says. */
      readonly state: 'refused' | 'foreign' | 'good';
      readonly answer: HttpAnswer;
      /** How far this machine's clock is ahead of the authority's. */
      readonly aheadMs: number | undefined;
      readonly problem?: string;
      readonly metadata?: AuthorityMetadata;
    });

const ASK_MS = 5000;

/** Never rejects for what an authority or a network may do. */
export async function askAuthority(
  settings: AuthoritySettings,
  http: HttpExchange,
  clock: Clock,
): Promise<AuthorityAnswer> {
  const url = metadataUrl(settings);
  const begun = clock.monotonic();
  const askedAt = clock.now();
  let answer: HttpAnswer;
  try {
    const headers = { accept: 'application/json' };
    answer = await http.send(url.href, { timeoutMs: ASK_MS, headers });
  } catch (error) {
    // Whatever it is, it is told as what came in place of an answer.
    return { state: 'unreached', url, error, tookMs: clock.monotonic() - begun };
  }
  const tookMs = clock.monotonic() - begun;
  const aheadMs = aheadOf(answer.headers, askedAt + tookMs / 2);
  const asked = { url, tookMs, answer, aheadMs };
  if (answer.status !== 200 || answer.json === undefined) return { ...asked, state: 'refused' };
  try {
    return { ...asked, state: 'good', metadata: checkMetadata(settings, answer.json) };
  } catch (error) {
    if (!(error instanceof Misconfigured)) throw error;
    return { ...asked, state: 'foreign', problem: error.message };
  }
}

/** `Date` has whole seconds, and is older by `Age` where a cache answered (RFC 9111 §5.1). */
function aheadOf(headers: Headers, now: number): number | undefined {
  const date = Date.parse(headers.get('date') ?? '');
  const ageMs = Number(headers.get('age') ?? 0) * 1000;
  return Number.isNaN(date) || Number.isNaN(ageMs) ? undefined : now - (date + 500 + ageMs);
}
