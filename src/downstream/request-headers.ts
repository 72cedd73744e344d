/** Chooses the headers of a request to an API. */
import { isReservedHeader } from '../reserved-headers.ts';

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
    .filter(([name]) => !isReservedHeader(name))
    .map(([name, value]) => [name.toLowerCase(), value] as const);
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
