/** Picks the scopes that a code is redeemed for: the token endpoint serves one resource at a time. */
import { isOidcScope, resourceOf } from '../scope-set.ts';

/** The scopes of the resource that is named first; tokens for the others are got by refresh. */
export function oneResource(scopes: readonly string[]): readonly string[] {
  const own = scopes.filter((scope) => !isOidcScope(scope));
  const resource = resourceOf(own[0] ?? '');
  return own.filter((scope) => resourceOf(scope) === resource);
}
