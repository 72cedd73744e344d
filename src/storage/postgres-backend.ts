/** `postgres://` – a store in PostgreSQL, which any number of instances share. */
import type { Client } from 'pg';
import { Misconfigured } from '../errors.ts';
import type { Log } from '../log.ts';
import { optionalPackage } from '../optional-package.ts';
import { PostgresConnection } from './postgres-connection.ts';
import { PostgresTable } from './postgres-table.ts';
import { SqlBackend } from './sql-backend.ts';
import type { TableName } from './sql-table.ts';

interface PostgresOptions extends TableName {
  readonly log: Log;
  readonly random: () => number;
}

/**
 * Understands what pg understands of a URI: `?sslmode=verify-full&sslrootcert=<file>` speaks TLS to
 * a server whose certificate an authority in that file signed for its name.
 *
 * @throws {Misconfigured} the URI cannot be used, or pg is not installed.
 */
export async function openPostgres(
  uri: string,
  { log, random, ...table }: PostgresOptions,
): Promise<SqlBackend> {
  const { Client } = await optionalPackage('TokenCache:Store', 'pg', () => import('pg'));
  return await SqlBackend.start({
    label: checkUri(uri, Client),
    table: new PostgresTable(table),
    open: (onLost) => new PostgresConnection(Client, uri, onLost),
    log,
    random,
  });
}

/** @returns what a log may hold of it. */
function checkUri(uri: string, PgClient: typeof Client): string {
  const url = URL.parse(uri);
  if (!url?.hostname || !isDecodable(url)) {
    throw new Misconfigured(
      'TokenCache:Store: write it like postgres://<user>:<password>@<host>:<port>/<database>, percent-encoded.',
    );
  }
  try {
    new PgClient(uri);
  } catch {
    // Its message may hold parts of the URI.
    throw new Misconfigured(
      'TokenCache:Store: pg cannot use what follows the question mark: is a file that it names readable?',
    );
  }
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function isDecodable({ username, password, hostname, pathname }: URL): boolean {
  try {
    decodeURIComponent(username + password + hostname + pathname);
    return true;
  } catch {
    // A stray percent sign; the URI is the operator's to mend, and is not shown.
    return false;
  }
}
