/** Picks the scopes that a code is redeemed for: the token endpoint serves one resource at a time. */

/** The scopes of the resource that the first scope belongs to; the others are got by refresh later. */
export function oneResource(scopes: readonly string[]): readonly string[] {
  const [first] = scopes;
  return first === undefined
    ? []
    : scopes.filter((scope) => resourceOf(scope) === resourceOf(first));
}

function resourceOf(scope: string): string {
  return scope.slice(0, scope.lastIndexOf('/') + 1).toLowerCase();
}
