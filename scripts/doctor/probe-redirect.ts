/** Asks the authority, without anyone to sign in, whether it would send a browser back to a redirect URI. */
import { createHash, randomBytes } from 'node:crypto';
import { readCallbackError } from '../../src/authority/error-body.ts';
import type { HttpAnswer, HttpExchange } from '../../src/authority/http-exchange.ts';

export interface RedirectProbe {
  readonly authorizationEndpoint: string;
  readonly clientId: string;
  readonly redirectUri: URL;
  readonly http: HttpExchange;
}

/** `refused`: with a number of Entra ID's. `unclear`: it is not known, whatever `why` says. */
export type Verdict =
  | { readonly state: 'registered' }
  | { readonly state: 'refused'; readonly code: number }
  | { readonly state: 'unclear'; readonly why: string }
  | { readonly state: 'unreached'; readonly error: unknown };

const PROBE_MS = 4000;
/** What `prompt=none` is answered with where all else is well (OpenID Connect Core §3.1.2.6). */
const NOBODY_SIGNED_IN = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]);

/**
 * A request with `prompt=none` shows no page: where the redirect URI is registered it is answered
 * by a redirect to it, at once, with an error; where it is not, by a page, as an authority must
 * never redirect to what it does not know (RFC 6749 §4.1.2.1).
 */
export async function probeRedirect(probe: RedirectProbe): Promise<Verdict> {
  const state = randomBytes(16).toString('hex');
  const url = requestUrl(probe, state);
  try {
    const headers = { accept: 'text/html' };
    const answer = await probe.http.send(url.href, { timeoutMs: PROBE_MS, headers });
    return judge(answer, probe.redirectUri, state);
  } catch (error) {
    // Told as what came in place of an answer.
    return { state: 'unreached', error };
  }
}

function requestUrl(
  { authorizationEndpoint, clientId, redirectUri }: RedirectProbe,
  state: string,
): URL {
  const url = new URL(authorizationEndpoint);
  const random = () => randomBytes(32).toString('base64url');
  const parameters = {
    client_id: clientId,
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: redirectUri.href,
    scope: 'openid profile',
    prompt: 'none',
    state,
    nonce: random(),
    code_challenge: createHash('sha256').update(random()).digest('base64url'),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

function judge({ status, headers, text }: HttpAnswer, redirectUri: URL, state: string): Verdict {
  const location = URL.parse(headers.get('location') ?? '');
  if (status >= 300 && status < 400 && location) {
    const { origin, pathname, searchParams } = location;
    const isBack = origin === redirectUri.origin && pathname === redirectUri.pathname;
    if (!isBack || searchParams.get('state') !== state) {
      return { state: 'unclear', why: `it sends the browser on to ${location.host}` };
    }
    const { error, errorCodes } = readCallbackError(searchParams);
    if (error !== undefined && NOBODY_SIGNED_IN.has(error)) return { state: 'registered' };
    const [code] = errorCodes ?? [];
    if (code !== undefined) return { state: 'refused', code };
    return { state: 'unclear', why: `it sends the browser back with the error ${error}` };
  }
  const [, number] = /\bAADSTS(\d{5,8})\b/.exec(text) ?? [];
  if (number !== undefined) return { state: 'refused', code: Number(number) };
  return { state: 'unclear', why: `it answers HTTP ${status}, with a page that gives no number` };
}
