/** A real MariaDB server on a free port, to be stopped and frozen by tests. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

/**
 * @param settings as in `lock_wait_timeout=1`.
 * @throws {Error} MariaDB is not installed.
 */
export async function startMariadbServer(
  settings: readonly string[] = [],
  certificates?: Certificates,
): Promise<DatabaseServer> {
  const program = findProgram(['/usr/sbin/mariadbd', '/usr/libexec/mariadbd'], 'mariadb-server');
  const port = await freePort();
  const folder = aServerFolder();
  // Each server clears away at its start what lies in this, whoever put it there.
  const temporary = `tmpdir=${aServerFolder()}`;
  runAsServer('mariadb-install-db', [
    ...['--no-defaults', `--datadir=${folder}`, '--auth-root-authentication-method=normal'],
    ...['--skip-test-db', `--${temporary}`],
  ]);
  const first = join(folder, 'first.sql');
  writeFileSync(first, 'CREATE DATABASE IF NOT EXISTS concierge;\n');
  const options = [
    ...[`datadir=${folder}`, `port=${port}`, 'bind-address=127.0.0.1', `init-file=${first}`],
    ...[`socket=${join(folder, 'socket')}`, `pid-file=${join(folder, 'pid')}`, 'skip-name-resolve'],
    ...[temporary, 'innodb-flush-log-at-trx-commit=2', 'innodb-buffer-pool-size=16M'],
    ...(certificates ? writeCertificates(folder, certificates) : []),
    ...settings,
  ];
  const server = new DatabaseProcess(
    program,
    ['--no-defaults', ...options.map((option) => `--${option}`)],
    { ready: 'ready for connections', stopSignal: 'SIGKILL' },
  );
  await server.start();
  return {
    uri: `mysql://root@127.0.0.1:${port}/concierge`,
    port,
    start: () => server.start(),
    stop: () => server.stop(),
    freeze: () => server.signalAll('SIGSTOP'),
    thaw: () => server.signalAll('SIGCONT'),
    sql: (text) => {
      const to = ['--no-defaults', '-h127.0.0.1', `-P${port}`, '-uroot'];
      const args = [...to, '-N', '-B', '--init-command=SET autocommit = 1', '-e', text];
      const lines = execFileSync('mariadb', [...args, 'concierge'], { encoding: 'utf8' });
      return lines.trimEnd().replaceAll('\t', '|');
    },
  };
}

function writeCertificates(folder: string, { key, cert }: Certificates): string[] {
  const [keyFile, certFile] = [join(folder, 'server.key'), join(folder, 'server.pem')];
  writeFileSync(keyFile, key, { mode: 0o600 });
  writeFileSync(certFile, cert);
  giveToServer(keyFile);
  return [`ssl-key=${keyFile}`, `ssl-cert=${certFile}`];
}
