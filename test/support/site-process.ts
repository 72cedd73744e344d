/** The site as an operator runs it: `src/main.ts` in a process of its own, configured by environment alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { bareEnvironment } from './bare-environment.ts';

export interface SiteProcess {
  readonly url: string;
  /** All it wrote so far to standard output and standard error. */
  output(): string;
  /** Sends a signal and waits for the end; gives the exit status, or the signal's name. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

/** Below those that the system gives to connections: none of them takes it before it is used. */
const PORTS = [12_000, 32_000] as const;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(randomInt(...PORTS), '127.0.0.1');
    const address = await once(server, 'listening').then(
      () => server.address(),
      // Taken: another one will do.
      () => null,
    );
    if (address === null || typeof address === 'string') continue;
    server.close();
    await once(server, 'close');
    return address.port;
  }
}

const folders = mkdtempSync(join(tmpdir(), 'concierge-'));
process.once('exit', () => rmSync(folders, { recursive: true, force: true }));

/** A folder of its own, so that nothing of this checkout is read as configuration; gone at the end. */
export function aFolder(): string {
  return mkdtempSync(join(folders, 'folder-'));
}

/** Runs main.ts and waits for its end. */
export async function runMain(
  env: Record<string, string>,
  args: readonly string[] = [],
  directory = aFolder(),
): Promise<{ status: number | string; output: string }> {
  const { child, output } = spawnMain(env, args, directory);
  const status = await ended(child);
  return { status, output: output() };
}

/** Starts main.ts on a port and waits until it answers. */
export async function startSiteProcess(
  env: Record<string, string>,
  port: number,
  directory = aFolder(),
  main = resolve('src/main.ts'),
): Promise<SiteProcess> {
  const { child, output } = spawnMain({ Site__Port: String(port), ...env }, [], directory, main);
  const exited = ended(child);
  const url = `http://localhost:${port}`;
  for (;;) {
    const live = await fetch(`${url}/health/live`).catch(() => undefined);
    if (live?.ok) break;
    if (child.exitCode !== null) throw new Error(`the site did not start:\n${output()}`);
    await systemClock.sleep(20);
  }
  return {
    url,
    output,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return await exited;
    },
  };
}

function spawnMain(
  env: Record<string, string>,
  args: readonly string[],
  directory: string,
  main = resolve('src/main.ts'),
) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: directory,
    env: bareEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      written += text;
    });
  }
  return { child, output: () => written };
}

async function ended(child: ChildProcess): Promise<number | string> {
  const [status, signal]: unknown[] = await once(child, 'close');
  return typeof status === 'number' ? status : String(signal);
}
