/** The sandbox's other name: the same port under another loopback host, for what must not be sent a token. */

/** An address on the other host; callers that keep tokens to one host treat it as foreign. */
export function otherHost(url: URL, path: string): URL {
  const other = new URL(path, url);
  other.hostname = url.hostname === 'localhost' ? '127.0.0.1' : 'localhost';
  return other;
}
