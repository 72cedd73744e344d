/** Splits the path of an API call, and refuses one that a server could read as another path. */

const STRAY_PERCENT = /%(?![0-9a-f]{2})/i;
const ESCAPE = /%[0-9a-f]{2}/i;
/** What separates segments or is cut off. */
const MISLEADING = /[/\\\p{Cc}]/u;
/** Dots and blanks alone, with or without parameters (`..;x`). */
const DOTS = /(?:^|[/\\])[.\s]+(?:[/\\;]|$)/u;
/** Servers in a row that each decode once; nothing honest is escaped more often. */
const MAX_DECODINGS = 4;

/**
 * The segments of a path below an API's base URL, as written; `undefined` for a path that is refused.
 *
 * A path is empty or begins with `/`. Only the last segment may be empty. Slashes, backslashes and
 * control characters are refused in plain form and however often they are escaped, and so are
 * segments of dots and blanks alone, in any form that Unicode has for them. An escaped `#` or `?` is
 * a part of a name, as in a guest's user name at Graph (`…#EXT#@…`).
 */
export function pathSegments(path: string): readonly string[] | undefined {
  if (path === '' || path === '/') return [];
  if (!path.startsWith('/') || /[?#]/.test(path) || STRAY_PERCENT.test(path)) return undefined;
  const segments = path.slice(1).split('/');
  const last = segments.length - 1;
  const sound = segments.every((segment, i) => (segment === '' ? i === last : isSound(segment)));
  return sound ? segments : undefined;
}

function isSound(segment: string): boolean {
  let text = segment;
  for (let decodings = 0; decodings <= MAX_DECODINGS; decodings += 1) {
    if (MISLEADING.test(text) || DOTS.test(text.normalize('NFKC'))) return false;
    if (!ESCAPE.test(text)) return true;
    const decoded = decode(text);
    if (decoded === undefined) return false;
    text = decoded;
  }
  return false;
}

function decode(text: string): string | undefined {
  try {
    // A lone percent sign is what an escaped one leaves behind, and stands for itself.
    return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  } catch {
    // Not UTF-8, such as an overlong form of a dot: nothing an API would be asked for.
    return undefined;
  }
}
