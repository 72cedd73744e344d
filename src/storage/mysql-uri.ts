/** Reads a `mysql://` URI, with the attributes for TLS that MySQL's own programs know. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { Misconfigured } from '../errors.ts';

export interface MysqlUri {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string | undefined;
  /** `undefined`: without TLS. */
  readonly ssl: MysqlTls | undefined;
  /** The URI without its credentials, for logs. */
  readonly label: string;
}

interface MysqlTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly verifyIdentity: boolean;
}

const DEFAULT_PORT = 3306;
const MODES = ['DISABLED', 'VERIFY_CA', 'VERIFY_IDENTITY'];
const FILES = ['ssl-ca', 'ssl-cert', 'ssl-key'] as const;

/**
 * TLS is spoken where `ssl-mode` or a file is given: to a server whose certificate the authorities in
 * `ssl-ca`, or else the public ones, vouch for, and for its name unless the mode is VERIFY_CA (MySQL
 * Reference Manual, "Connecting Using URI-Like Connection Strings").
 *
 * @throws {Misconfigured} no message repeats the URI: a password may be in it.
 */
export function readMysqlUri(uri: string): MysqlUri {
  const url = URL.parse(uri);
  if (!url?.hostname) throw faulty();
  const host = decoded(url.hostname.replace(/^\[(.*)\]$/, '$1'));
  return {
    host,
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    user: decoded(url.username),
    password: decoded(url.password),
    database: decoded(url.pathname.slice(1)) || undefined,
    ssl: readTls(url.searchParams, host),
    label: `${url.protocol}//${url.host}${url.pathname}`,
  };
}

function readTls(attributes: URLSearchParams, host: string): MysqlTls | undefined {
  const names: readonly string[] = ['ssl-mode', ...FILES];
  if (![...attributes.keys()].every((name) => names.includes(name))) {
    throw new Misconfigured(
      `TokenCache:Store: mysql:// takes no attributes but ${names.join(', ')}.`,
    );
  }
  if (attributes.size === 0) return undefined;
  const mode = (attributes.get('ssl-mode') ?? 'VERIFY_IDENTITY').toUpperCase();
  if (!MODES.includes(mode)) {
    // REQUIRED and PREFERRED would speak TLS to whoever answers.
    throw new Misconfigured(`TokenCache:Store: write ssl-mode as one of ${MODES.join(', ')}.`);
  }
  if (mode === 'DISABLED') return undefined;
  const verifyIdentity = mode === 'VERIFY_IDENTITY';
  if (verifyIdentity && isIP(host)) {
    throw new Misconfigured(
      'TokenCache:Store: ssl-mode=VERIFY_IDENTITY needs the host’s name, not its address.',
    );
  }
  const files = FILES.flatMap((name) => {
    const file = attributes.get(name);
    return file === null ? [] : [[name.slice('ssl-'.length), readPem(name, file)]];
  });
  return { ...Object.fromEntries(files), verifyIdentity };
}

function readPem(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Whatever is wrong with it, the operator looks at the file.
    throw new Misconfigured(`TokenCache:Store: the file of ${name} cannot be read.`);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign; the URI is the operator's to mend, and is not shown.
    throw faulty();
  }
}

function faulty(): Misconfigured {
  return new Misconfigured(
    'TokenCache:Store: write it like mysql://<user>:<password>@<host>:<port>/<database>, percent-encoded.',
  );
}
