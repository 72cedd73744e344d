/** What a forced renewal wants: a token newer than the one that is kept now. */
import type { TokenRequest } from './account.ts';
import { findToken } from './slot.ts';
import type { TokenSet } from './token-set.ts';

/** A request as flights carry it out: once it is known which token is to be followed by another. */
export interface WantedToken extends TokenRequest {
  /** A kept access token that is good, and not wanted any more; of no account beside `refused`. */
  readonly newerThan?: string | undefined;
}

/**
 * A token got less than this long ago is new enough: so a request is sent at most ten times in five
 * minutes, of which Entra ID allows fewer than fifteen (AADSTS50196).
 */
const JUST_GOT_MS = 30_000;

/** The request as it is to be carried out, seeing which tokens are kept. */
export function wantedToken(tokens: TokenSet, request: TokenRequest, now: number): WantedToken {
  if (!request.forceRefresh) return request;
  const kept = findToken(tokens, request, now);
  if (!kept || now - kept.gotAt < JUST_GOT_MS) return request;
  return { ...request, newerThan: kept.value };
}
