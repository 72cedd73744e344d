/** The request headers that no setting, route or front-end may set: credentials, routing, overrides. */

/** Ours to set, or nobody's (Microsoft.Identity.Web's `ReservedHeaderNames`, and more of their kind). */
const RESERVED = [
  /^(authorization|cookie2?|host|forwarded|via|origin|referer|user-agent|client-request-id)$/,
  /^(connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/,
  /^(accept-encoding|x-rewrite-url|x-method-override)$/,
  /^(proxy|sec|x-forwarded|x-original|x-http-method|x-ms-token|x-ms-client-principal)(-|$)/,
];

export function isReservedHeader(name: string): boolean {
  const lowerCase = name.toLowerCase();
  return RESERVED.some((pattern) => pattern.test(lowerCase));
}
