/** Chooses the headers of a request to an API. */
import { isReservedHeader } from '../reserved-headers.ts';

interface HeaderChoice {
  readonly accessToken: string;
  /** What the caller wants to send; reserved names are left out. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly accept?: string | undefined;
  readonly acceptEncoding?: string | undefined;
  /** The length of a body whose end is not known yet. */
  readonly bodyBytes?: number | undefined;
  readonly correlationId?: string | undefined;
}

/** They choose a part or a form of the answer, and say nothing of the person. */
const OF_THE_ANSWER = ['if-modified-since', 'if-none-match', 'if-range', 'range'];

/** Headers for the host that the access token is meant for, and for no other. */
export function requestHeaders(choice: HeaderChoice): Record<string, string> {
  const wanted = Object.entries(choice.headers ?? {})
    .filter(([name]) => !isReservedHeader(name))
    .map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    ...Object.fromEntries(wanted),
    ...ownHeaders(choice),
    ...(choice.bodyBytes === undefined ? {} : { 'content-length': String(choice.bodyBytes) }),
    ...(choice.correlationId ? { 'client-request-id': choice.correlationId } : {}),
    authorization: `Bearer ${choice.accessToken}`,
  };
}

/** Headers that say nothing of the person: for hosts that a redirect leads to. */
export function anonymousHeaders(
  choice: Pick<HeaderChoice, 'headers' | 'accept' | 'acceptEncoding'>,
): Record<string, string> {
  const wanted = Object.entries(choice.headers ?? {})
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => OF_THE_ANSWER.includes(name));
  return { ...Object.fromEntries(wanted), ...ownHeaders(choice) };
}

function ownHeaders({ accept, acceptEncoding }: Pick<HeaderChoice, 'accept' | 'acceptEncoding'>) {
  return {
    ...(accept ? { accept } : {}),
    ...(acceptEncoding ? { 'accept-encoding': acceptEncoding } : {}),
    'user-agent': 'concierge',
  };
}
