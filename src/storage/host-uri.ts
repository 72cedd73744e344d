/** Reads a store's URI of the form `<scheme>://<user>:<password>@<host>:<port>`. */
import { Misconfigured } from '../errors.ts';

export interface HostUri {
  /** With its port. */
  readonly host: string;
  /** The URI without its credentials, for logs. */
  readonly label: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
}

/**
 * No message repeats the URI: a password may be in it.
 *
 * @throws {Misconfigured} it has no host, more than these parts, or is badly encoded.
 */
export function readHostUri(uri: string, defaultPort: number): HostUri {
  const url = URL.parse(uri);
  const faulty = new Misconfigured(
    `TokenCache:Store: write it like ${/^[a-z]+/.exec(uri)?.[0]}://<user>:<password>@<host>:${defaultPort}, percent-encoded, with a name or an IPv4 address for the host.`,
  );
  // The clients split an IPv6 address at its first colon.
  const isPlain = url?.hostname && !url.hostname.startsWith('[') && /^\/?$/.test(url.pathname);
  if (!isPlain || url.search || url.hash) throw faulty;
  const host = `${url.hostname}:${url.port || defaultPort}`;
  try {
    const username = decodeURIComponent(url.username);
    const password = decodeURIComponent(url.password);
    const credentials = username || password ? { username, password } : undefined;
    return { host, label: `${url.protocol}//${host}`, credentials };
  } catch {
    // A stray percent sign is the operator's to mend, and is not shown.
    throw faulty;
  }
}
