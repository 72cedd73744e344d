/** A real memcached server on a free port, to be stopped, killed and frozen by tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { systemClock } from '../../src/clock.ts';
import { freeze } from './freeze.ts';
import { freePort } from './site-process.ts';

export interface MemcachedServer {
  readonly uri: string;
  readonly port: number;
  /** Starts it again on the same port, empty; nothing if it runs. */
  start(): Promise<void>;
  /** Kills it at once. */
  stop(): Promise<void>;
  /** Takes requests and answers none, until it is thawed. */
  freeze(): Promise<void>;
  thaw(): void;
  /** What it answers to a line of its text protocol, past any store. */
  ask(line: string): Promise<string>;
}

/** @throws {Error} memcached is not installed. */
export async function startMemcachedServer(
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<MemcachedServer> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const isRunning = () => child?.exitCode === null && child.signalCode === null;
  const start = async () => {
    if (isRunning()) return;
    // As root it wants to be told to stay what it is.
    const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
    const options = ['-l', '127.0.0.1', '-p', String(port), '-U', '0', ...user, ...args];
    const started = spawn('memcached', options, {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], ...env },
    });
    child = started;
    const missing = new Promise<never>((_, reject) => {
      started.once('error', () => {
        reject(new Error('memcached is missing. On Debian: apt-get install memcached'));
      });
      started.once('exit', () => reject(new Error('memcached did not start')));
    });
    missing.catch(() => undefined);
    while (!(await Promise.race([isListening(port), missing]))) await systemClock.sleep(20);
  };
  await start();
  return {
    uri: `memcached://127.0.0.1:${port}`,
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
    ask: async (line) => {
      const socket = connect(port, '127.0.0.1').setEncoding('utf8');
      let answer = '';
      socket.on('data', (text) => {
        answer += text;
      });
      socket.write(`${line}\r\nquit\r\n`);
      await once(socket, 'close');
      return answer;
    },
  };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    // Refused: not yet.
    return false;
  } finally {
    socket.destroy();
  }
}
