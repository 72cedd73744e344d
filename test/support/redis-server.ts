/** A real Redis server on a free port, to be stopped, killed and frozen by tests. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../src/clock.ts';
import { aFolder, freePort } from './site-process.ts';

export interface RedisServer {
  readonly uri: string;
  readonly port: number;
  /** Starts it again on the same port, empty; nothing if it runs. */
  start(): Promise<void>;
  /** Kills it at once. */
  stop(): Promise<void>;
  /** Takes requests and answers none, until it is thawed. */
  freeze(): void;
  thaw(): void;
}

/** Asks Redis itself, past the store. */
export function askRedis({ port }: { readonly port: number }, ...args: string[]): string {
  const command = ['-p', String(port), '--raw', ...args];
  return execFileSync('redis-cli', command, { encoding: 'utf8', stdio: 'pipe' }).trimEnd();
}

/** How often a server was asked for one command, by whomever; holds up nothing meanwhile. */
export async function callsOf(
  command: string,
  { port }: { readonly port: number },
): Promise<number> {
  const question = ['-p', String(port), 'INFO', 'commandstats'];
  const { stdout } = await promisify(execFile)('redis-cli', question, { encoding: 'utf8' });
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stdout)?.[1] ?? 0);
}

/** Waits until what Redis answers is as expected. @throws {Error} it is not after 20 s. */
export async function untilRedis(
  server: { readonly port: number },
  args: readonly string[],
  isSo: (answer: string) => boolean,
): Promise<void> {
  let answer = 'none';
  for (const begun = performance.now(); performance.now() - begun < 20_000; ) {
    try {
      answer = askRedis(server, ...args);
      if (isSo(answer)) return;
    } catch {
      // A Sentinel ends the connections of a server whose role it changes, ours as well.
    }
    await systemClock.sleep(20);
  }
  throw new Error(`${args.join(' ')} answers still: ${answer}`);
}

/** Waits until `to`, a replica, has all that was written to `from` so far. */
export async function untilReplicated(
  from: { readonly port: number },
  to: { readonly port: number },
): Promise<void> {
  const info = ['INFO', 'replication'];
  const offset = /master_repl_offset:(\d+)/.exec(askRedis(from, ...info))?.[1];
  await untilRedis(to, info, (text) => {
    return Number(/slave_repl_offset:(\d+)/.exec(text)?.[1]) >= Number(offset);
  });
}

/**
 * `config` is for what Redis wants in a file, which comes before `args`.
 *
 * @throws {Error} redis-server is not installed.
 */
export async function startRedisServer(
  args: readonly string[] = [],
  config?: string,
): Promise<RedisServer> {
  const port = await freePort();
  const folder = aFolder();
  const file = join(folder, 'redis.conf');
  if (config !== undefined) writeFileSync(file, config);
  let child: ChildProcess | undefined;
  const isRunning = () => child?.exitCode === null && child.signalCode === null;
  const start = async () => {
    if (isRunning()) return;
    const started = spawn(
      'redis-server',
      [
        ...(config === undefined ? [] : [file]),
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
        ...['--save', '', '--appendonly', 'no', ...args],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    child = started;
    await new Promise<void>((resolve, reject) => {
      started.once('error', () => {
        reject(new Error('redis-server is missing. On Debian: apt-get install redis-server'));
      });
      started.once('exit', () => reject(new Error('redis-server did not start')));
      started.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (/Ready to accept connections|Sentinel ID is/.test(text)) resolve();
      });
    });
  };
  await start();
  return {
    uri: `redis://127.0.0.1:${port}`,
    port,
    start,
    stop: async () => {
      if (!child || !isRunning()) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
  };
}
