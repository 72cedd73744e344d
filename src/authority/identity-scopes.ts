/** The scopes that every request carries: who the person is, and a refresh token. */

const IDENTITY_SCOPES = ['openid', 'profile', 'offline_access'];

/** The given scopes with `openid profile offline_access`, each once, in the wire's form. */
export function scopeParameter(scopes: readonly string[]): string {
  return [...new Set([...IDENTITY_SCOPES, ...scopes])].join(' ');
}

/**
 * The same for a refresh at a plain authority, which grants no more than it granted before (RFC 6749
 * §6), and may have left out `offline_access` or `profile` then.
 */
export function plainRefreshScopes(scopes: readonly string[]): string {
  return [...new Set(['openid', ...scopes])].join(' ');
}
