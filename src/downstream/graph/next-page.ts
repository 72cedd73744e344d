/** Reads where the next page of a Graph list begins, without ever going where a link leads. */
import type { DownstreamApi } from '../../config/settings.ts';
import { ApiFailed } from '../../errors.ts';
import { isSecureUrl } from '../../loopback.ts';

/** The one parameter of a next link that is passed on: where the next page begins. */
export interface PageStart {
  readonly by: '$skip' | '$skiptoken';
  readonly value: string;
}

const MAX_TOKEN = 4096;
const PARAMETERS = ['$skiptoken', '$skip'] as const;

/**
 * Where the page after this one begins.
 *
 * Of a next link, which is checked to be one of this API's, nothing is used but that one value: the
 * request for the next page is this site's own, with its own path, and so for the same person.
 *
 * @throws {ApiFailed} the link leads to another place than below the API's base URL, over anything
 *   but https (http on loopback), or it says of no page where it begins.
 */
export function nextPage(api: DownstreamApi, nextLink: string): PageStart {
  const url = URL.parse(nextLink);
  const start = url && isOfApi(url, api.baseUrl) ? startOf(url.searchParams) : undefined;
  if (start) return start;
  throw new ApiFailed(`${api.name} named a next page that this site does not go to.`, {
    detail: { api: api.name, error: 'next_link_refused' },
  });
}

/** A page's start as an address of this site carries it. */
export function pageCursor({ by, value }: PageStart): string {
  return by === '$skip' ? value : `t${value}`;
}

/** The start that a cursor stands for; `undefined` for a text that is none. */
export function parseCursor(cursor: string): PageStart | undefined {
  if (/^\d{1,7}$/.test(cursor)) return { by: '$skip', value: cursor };
  const value = cursor.slice(1);
  return cursor.startsWith('t') && isToken(value) ? { by: '$skiptoken', value } : undefined;
}

function isOfApi(url: URL, base: URL): boolean {
  const path = base.pathname.replace(/\/+$/, '');
  return (
    isSecureUrl(url) &&
    url.origin === base.origin &&
    url.username === '' &&
    url.password === '' &&
    url.pathname.startsWith(`${path}/`)
  );
}

/** Graph writes the names in any case. */
function startOf(query: URLSearchParams): PageStart | undefined {
  for (const by of PARAMETERS) {
    const value = [...query].find(([name]) => name.toLowerCase() === by)?.[1] ?? '';
    if (by === '$skip' ? /^\d{1,7}$/.test(value) : isToken(value)) return { by, value };
  }
  return undefined;
}

function isToken(value: string): boolean {
  return value.length > 0 && value.length <= MAX_TOKEN && !/\p{Cc}/u.test(value);
}
