/** The scope that stands for all that this site itself may do at an API (`.default`). */
import type { DownstreamApi } from '../config/settings.ts';

/**
 * The API's own scope where it is called as the site itself; else `.default` of the resource that its
 * scopes are of, which for Microsoft Graph's without prefix is the host it is called at.
 */
export function siteScopes({ scopes, baseUrl, requestAppToken }: DownstreamApi): readonly string[] {
  if (requestAppToken) return scopes;
  const prefixed = scopes.find((scope) => scope.includes('/'));
  const resource = prefixed ? prefixed.slice(0, prefixed.lastIndexOf('/')) : baseUrl.origin;
  return [`${resource}/.default`];
}
