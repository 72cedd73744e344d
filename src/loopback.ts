/** Tells whether a URL leads to this machine itself, and so may do without TLS. */

/** `localhost`, 127.0.0.0/8 and `[::1]`; nothing that a name server could answer otherwise. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/** https, or plain http that does not leave this machine. */
export function isSecureUrl(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
}
