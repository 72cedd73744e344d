/** The checks on a callback, before its code is used. */
import { SignInFailed } from '../errors.ts';
import type { AuthorityMetadata } from './metadata-document.ts';
import { callbackRefusal } from './oauth-error.ts';
import { isIssuerOf } from './tenant.ts';

export interface ExpectedCallback {
  readonly state: string;
  readonly scopes: readonly string[];
  readonly metadata: Pick<AuthorityMetadata, 'issuer' | 'callbackCarriesIssuer'>;
}

/** Those that decide something; others may come and are not read. */
const DECIDING = ['state', 'iss', 'error', 'code'];

/**
 * The code of a callback that answers this sign-in and comes from this authority (RFC 9207).
 *
 * @throws {SignInFailed} it does not, or it says that the sign-in was declined or refused.
 * @throws {Unavailable} the authority says to come back later.
 * @throws {Misconfigured} the authority refuses this site itself.
 */
export function readCallback(callback: URLSearchParams, expected: ExpectedCallback): string {
  const { metadata, state, scopes } = expected;
  const repeated = DECIDING.find((name) => callback.getAll(name).length > 1);
  if (repeated) throw badAnswer(`${repeated} more than once`);
  if (callback.get('state') !== state) throw badAnswer('state');
  const issuer = callback.get('iss');
  const isOurs =
    issuer === null ? !metadata.callbackCarriesIssuer : isIssuerOf(metadata.issuer, issuer);
  if (!isOurs) throw badAnswer('iss');
  if (callback.has('error')) throw callbackRefusal(callback, scopes);
  const code = callback.get('code');
  if (!code) throw badAnswer('no code');
  return code;
}

/** What fails is for the log; the person is told what to do. */
export function badAnswer(check: string): SignInFailed {
  return new SignInFailed('bad-answer', 'The sign-in could not be verified. Start again.', {
    cause: new Error(`sign-in refused: ${check}`),
  });
}
