/** A real etcd server on free ports, to be stopped, killed and frozen by tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { systemClock } from '../../src/clock.ts';
import { freeze } from './freeze.ts';
import { aFolder, freePort } from './site-process.ts';

export interface EtcdServer {
  readonly uri: string;
  readonly port: number;
  /** Starts it again on the same port, empty; nothing if it runs. */
  start(): Promise<void>;
  /** Kills it at once. */
  stop(): Promise<void>;
  /** Takes requests and answers none, until it is thawed. */
  freeze(): Promise<void>;
  thaw(): void;
}

const ATTEMPTS = 3;

/** @throws {Error} etcd is not installed. */
export async function startEtcdServer(
  args: readonly string[] = [],
  protocol: 'http' | 'https' = 'http',
): Promise<EtcdServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnFreePorts(args, protocol);
    } catch (error) {
      // A port that was free is taken by another test's server at times.
      if (!(error instanceof NotStarted) || attempt === ATTEMPTS) throw error;
    }
  }
}

class NotStarted extends Error {}

async function startOnFreePorts(
  args: readonly string[],
  protocol: 'http' | 'https',
): Promise<EtcdServer> {
  const port = await freePort();
  const clients = `${protocol}://127.0.0.1:${port}`;
  // Asked in plain text even of a server that takes TLS from its clients.
  const metrics = `http://127.0.0.1:${await freePort()}`;
  const peers = `http://127.0.0.1:${await freePort()}`;
  let child: ChildProcess | undefined;
  const isRunning = () => child?.exitCode === null && child.signalCode === null;
  const start = async () => {
    if (isRunning()) return;
    const started = spawn(
      'etcd',
      [
        ...['--data-dir', aFolder(), '--unsafe-no-fsync', '--log-level', 'panic'],
        ...['--listen-client-urls', clients, '--advertise-client-urls', clients],
        ...['--listen-metrics-urls', metrics],
        ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers],
        ...['--initial-cluster', `default=${peers}`],
        // Elects itself soon, and then grants leases of one second.
        ...['--heartbeat-interval', '50', '--election-timeout', '500', ...args],
      ],
      { stdio: 'ignore' },
    );
    child = started;
    const missing = new Promise<never>((_, reject) => {
      started.once('error', () => {
        reject(new Error('etcd is missing. On Debian: apt-get install etcd-server'));
      });
      started.once('exit', () => reject(new NotStarted('etcd did not start')));
    });
    missing.catch(() => undefined);
    while (!(await Promise.race([isHealthy(metrics), missing]))) await systemClock.sleep(20);
  };
  await start();
  return {
    uri: `etcd://127.0.0.1:${port}`,
    port,
    start,
    stop: async () => {
      if (!child || !isRunning()) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    freeze: () => freeze(child),
    thaw: () => child?.kill('SIGCONT'),
  };
}

async function isHealthy(metrics: string): Promise<boolean> {
  const answer = await fetch(`${metrics}/health`, { signal: AbortSignal.timeout(1000) }).then(
    (response) => response.text(),
    () => '',
  );
  return answer.includes('"true"');
}
