/** Reads the header `WWW-Authenticate` as APIs really write it, and the claims challenge in it. */
import { isClaimsRequest } from '../claims-request.ts';

export interface AuthenticateChallenge {
  /** Lower case; empty where parameters came without a scheme. */
  readonly scheme: string;
  /** By name in lower case; the first of equal names counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A word; then `=` with a quoted value (commas and escapes inside) or a bare one up to comma or space. */
const PART = /([^\s,="]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^\s,]*)))?/gsu;
const MAX_CLAIMS_LENGTH = 8192;
const SCOPE = /^[a-z][\w.:/-]{0,99}$/i;
const MAX_SCOPES = 10;

/**
 * The challenges of one or several `WWW-Authenticate` headers.
 *
 * More tolerant than RFC 9110 §11.6.1, because Graph is: bare values may hold any character, such
 * as `authorization_uri=https://…` and base64 with its padding, and commas may be missing.
 */
export function parseWwwAuthenticate(
  header: string | readonly string[] | undefined,
): readonly AuthenticateChallenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (const text of [header ?? []].flat()) {
    let current: (typeof challenges)[number] | undefined;
    for (const [, word = '', quoted, bare] of text.matchAll(PART)) {
      const value = quoted?.replace(/\\(.)/gsu, '$1') ?? bare;
      if (value === undefined || current === undefined) {
        current = { scheme: value === undefined ? word.toLowerCase() : '', parameters: new Map() };
        challenges.push(current);
      }
      const name = word.toLowerCase();
      if (value !== undefined && !current.parameters.has(name)) current.parameters.set(name, value);
    }
  }
  return challenges;
}

/**
 * The claims request (JSON text) of an `insufficient_claims` challenge, `undefined` if there is none.
 *
 * The value is base64 or base64url, with or without padding (Microsoft identity platform, claims
 * challenges).
 */
export function challengedClaims(
  header: string | readonly string[] | undefined,
): string | undefined {
  const challenge = parseWwwAuthenticate(header).find(
    ({ scheme, parameters }) =>
      (scheme === 'bearer' || scheme === 'pop' || scheme === '') &&
      parameters.get('error') === 'insufficient_claims' &&
      parameters.has('claims'),
  );
  const value = challenge?.parameters.get('claims') ?? '';
  if (value === '' || value.length > MAX_CLAIMS_LENGTH) return undefined;
  const text = value.startsWith('{') ? value : Buffer.from(value, 'base64').toString('utf8');
  return isClaimsRequest(text) ? text : undefined;
}

/** The scopes that an API says an access token lacks (RFC 6750 §3.1); only what looks like one. */
export function missingScopes(header: string | readonly string[] | undefined): readonly string[] {
  const challenge = parseWwwAuthenticate(header).find(
    ({ parameters }) => parameters.get('error') === 'insufficient_scope',
  );
  const scopes = (challenge?.parameters.get('scope') ?? '').split(' ');
  return scopes.filter((scope) => SCOPE.test(scope)).slice(0, MAX_SCOPES);
}
