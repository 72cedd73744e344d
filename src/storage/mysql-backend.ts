/** `mysql://` – a store in MySQL or MariaDB, which any number of instances share. */
import { Misconfigured } from '../errors.ts';
import type { Log } from '../log.ts';
import { MysqlConnection } from './mysql-connection.ts';
import { MysqlTable } from './mysql-table.ts';
import { readMysqlUri } from './mysql-uri.ts';
import { optionalPackage } from '../optional-package.ts';
import { SqlBackend } from './sql-backend.ts';
import type { TableName } from './sql-table.ts';

interface MysqlOptions extends TableName {
  readonly log: Log;
  readonly random: () => number;
}

/** @throws {Misconfigured} the URI cannot be used, or mysql2 is not installed. */
export async function openMysql(
  uri: string,
  { log, random, ...table }: MysqlOptions,
): Promise<SqlBackend> {
  const parsed = readMysqlUri(uri);
  if (parsed.database === undefined && table.schemaName === undefined) {
    throw new Misconfigured('TokenCache:Store names no database: mysql://…@<host>/<database>.');
  }
  const { createConnection } = await optionalPackage(
    'TokenCache:Store',
    'mysql2',
    () => import('mysql2'),
  );
  return await SqlBackend.start({
    label: parsed.label,
    table: new MysqlTable(table),
    open: (onLost) => new MysqlConnection(createConnection, parsed, onLost),
    log,
    random,
  });
}
