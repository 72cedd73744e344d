/** The scope that stands for all that this site itself may do at an API (`.default`). */
import type { DownstreamApi } from '../config/settings.ts';

/**
 * `.default` of the resource that the API's scopes are of; for Microsoft Graph's without prefix that is
 * the host it is called at.
 */
export function siteScopes({ scopes, baseUrl }: DownstreamApi): readonly string[] {
  const prefixed = scopes.find((scope) => scope.includes('/'));
  const resource = prefixed ? prefixed.slice(0, prefixed.lastIndexOf('/')) : baseUrl.origin;
  return [`${resource}/.default`];
}
