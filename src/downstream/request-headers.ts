/** Chooses the headers of a request to an API. */

/** Credentials, routing and overrides: ours to set, or nobody's. */
const RESERVED = [
  /^(authorization|cookie2?|host|forwarded|via|origin|referer|user-agent|client-request-id)$/,
  /^(connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/,
  /^(accept-encoding|x-rewrite-url|x-method-override)$/,
  /^(proxy|sec|x-forwarded|x-original|x-http-method|x-ms-token|x-ms-client-principal)(-|$)/,
];

interface HeaderChoice {
  readonly accessToken: string;
  /** What the caller wants to send; reserved names are left out. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly accept?: string | undefined;
  readonly correlationId?: string | undefined;
}

/** Headers for the host that the access token is meant for, and for no other. */
export function requestHeaders(choice: HeaderChoice): Record<string, string> {
  const wanted = Object.entries(choice.headers ?? {})
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !RESERVED.some((pattern) => pattern.test(name)));
  return {
    ...Object.fromEntries(wanted),
    ...anonymousHeaders(choice.accept),
    ...(choice.correlationId ? { 'client-request-id': choice.correlationId } : {}),
    authorization: `Bearer ${choice.accessToken}`,
  };
}

/** Headers that say nothing of the person: for hosts that a redirect leads to. */
export function anonymousHeaders(accept?: string): Record<string, string> {
  return { ...(accept ? { accept } : {}), 'user-agent': 'concierge' };
}
