/** A real PostgreSQL server on a free port, to be stopped and frozen by tests. */
import { execFileSync } from 'node:child_process';
import { globSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Certificates } from './certificates.ts';
import {
  aServerFolder,
  DatabaseProcess,
  type DatabaseServer,
  findProgram,
  giveToServer,
  runAsServer,
} from './database-process.ts';
import { freePort } from './site-process.ts';

/** Its owner comes in as he is; all others, whom a test makes, by their password. */
const ACCESS = `host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
`;

/**
 * @param settings as in `lock_timeout=1s`.
 * @throws {Error} PostgreSQL is not installed.
 */
export async function startPostgresServer(
  settings: readonly string[] = [],
  certificates?: Certificates,
): Promise<DatabaseServer> {
  const found = globSync('/usr/lib/postgresql/*/bin/postgres').toSorted().reverse();
  const program = findProgram([...found, '/usr/bin/postgres'], 'postgresql');
  const port = await freePort();
  const folder = aServerFolder();
  runAsServer(join(dirname(program), 'initdb'), [
    ...['-D', folder, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'],
    ...['--no-sync', '--no-instructions'],
  ]);
  writeFileSync(join(folder, 'pg_hba.conf'), ACCESS);
  const tls = certificates ? writeCertificates(folder, certificates) : [];
  const options = [
    ...['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories='],
    ...['fsync=off', 'dynamic_shared_memory_type=mmap', 'shared_buffers=16MB', ...tls, ...settings],
  ];
  const server = new DatabaseProcess(
    program,
    ['-D', folder, ...options.flatMap((option) => ['-c', option])],
    { ready: 'ready to accept connections', stopSignal: 'SIGQUIT' },
  );
  await server.start();
  const uri = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return {
    uri,
    port,
    start: () => server.start(),
    stop: () => server.stop(),
    freeze: () => server.signalAll('SIGSTOP'),
    thaw: () => server.signalAll('SIGCONT'),
    sql: (text) => {
      const args = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', text, uri];
      // What a test makes read-only for the store stays open to the test.
      const env = { ...process.env, PGOPTIONS: '-c default_transaction_read_only=off' };
      const psql = join(dirname(program), 'psql');
      return execFileSync(psql, args, { encoding: 'utf8', env }).trimEnd();
    },
  };
}

function writeCertificates(folder: string, { key, cert }: Certificates): string[] {
  const [keyFile, certFile] = [join(folder, 'server.key'), join(folder, 'server.pem')];
  writeFileSync(keyFile, key, { mode: 0o600 });
  writeFileSync(certFile, cert);
  giveToServer(keyFile);
  return ['ssl=on', `ssl_key_file=${keyFile}`, `ssl_cert_file=${certFile}`];
}
