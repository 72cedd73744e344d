/** Where a person may be sent after a sign-in: an address of this site, and of no other. */

const MAX_LENGTH = 2048;
const CONTROL = /\p{Cc}/u;
/** Slashes, backslashes and control characters that a later reader could unescape. */
const ESCAPED = /%(?:2f|5c|[01][0-9a-f]|7f)/i;

/**
 * The path, query and fragment of `value` when it is an address of this site; else `undefined`.
 *
 * Written out (`/path`), never absolute; what a browser could read as another host is refused,
 * both as written and as parsed (`/.//host` becomes `//host`).
 */
export function parseReturnPath(
  value: string | null | undefined,
  publicUrl: URL,
): string | undefined {
  if (!value || value.length > MAX_LENGTH || !isPlainPath(value) || CONTROL.test(value)) {
    return undefined;
  }
  const url = URL.parse(value, publicUrl.origin);
  if (url?.origin !== publicUrl.origin || !isPlainPath(url.pathname)) return undefined;
  return ESCAPED.test(url.pathname) ? undefined : `${url.pathname}${url.search}${url.hash}`;
}

function isPlainPath(text: string): boolean {
  return /^\/(?![/\\])/.test(text) && !text.includes('\\');
}
