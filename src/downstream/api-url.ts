/** Builds the URL of an API call, which stays below the API's base URL. */
import type { DownstreamApi } from '../config/settings.ts';
import { Forbidden } from '../errors.ts';
import { pathSegments } from './path-segments.ts';

/**
 * The URL of `path` and `query` below the base URL of `api`.
 *
 * @throws {Forbidden} the path could lead elsewhere: another host, or out of the base URL.
 */
export function apiUrl(
  api: DownstreamApi,
  path: string,
  query: URLSearchParams | Readonly<Record<string, string>> = {},
): URL {
  const base = api.baseUrl.pathname.replace(/\/+$/, '');
  const url = new URL(api.baseUrl.origin);
  if (pathSegments(path) !== undefined) {
    url.pathname = `${base}${path}`;
    // Form encoding writes a space as "+", which not every API reads as one; a real "+" is %2B.
    url.search = new URLSearchParams(query).toString().replaceAll('+', '%20');
    if (isBelow(url, api.baseUrl.origin, base)) return url;
  }
  throw new Forbidden(`This site does not send such a path on to ${api.name}.`, {
    detail: { api: api.name },
  });
}

function isBelow(url: URL, origin: string, base: string): boolean {
  return url.origin === origin && (url.pathname === base || url.pathname.startsWith(`${base}/`));
}
