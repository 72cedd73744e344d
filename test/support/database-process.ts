/** A database server's process as tests run it: never as root, in a folder of its own, gone at the end. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface DatabaseServer {
  /** As its owner, who may do anything. */
  readonly uri: string;
  readonly port: number;
  /** Starts it again on the same port, with what it held; nothing if it runs. */
  start(): Promise<void>;
  /** Ends it at once. */
  stop(): Promise<void>;
  /** Takes connections and answers none, until it is thawed. */
  freeze(): void;
  thaw(): void;
  /** Runs SQL past the store. @returns a line for each row, its columns parted by a bar. */
  sql(text: string): string;
}

/** Servers refuse to run as root: this is the user called nobody. */
const NOBODY = 65_534;
const LOOKS = 3;
const LOOK_PAUSE_MS = 2;

function unprivileged(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

const folders = mkdtempSync(join(tmpdir(), 'concierge-databases-'));
chmodSync(folders, 0o755);
process.once('exit', () => rmSync(folders, { recursive: true, force: true }));

/** A folder that the server owns; gone when this process ends. */
export function aServerFolder(): string {
  const folder = mkdtempSync(join(folders, 'folder-'));
  giveToServer(folder);
  return folder;
}

/** Lets the server's user own a file. */
export function giveToServer(file: string): void {
  const { uid, gid } = unprivileged();
  if (uid !== undefined && gid !== undefined) chownSync(file, uid, gid);
}

/** The first of some files that there is. @throws {Error} there is none, with how to install it. */
export function findProgram(files: readonly string[], debianPackage: string): string {
  const found = files.find((file) => existsSync(file));
  if (found === undefined) {
    throw new Error(`${files[0]} is missing. On Debian: apt-get install ${debianPackage}`);
  }
  return found;
}

/** Runs a program to its end, as the server's user. */
export function runAsServer(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', ...unprivileged() });
}

export class DatabaseProcess {
  readonly #program: string;
  readonly #args: readonly string[];
  /** What it writes once it takes connections. */
  readonly #ready: string;
  readonly #stopSignal: NodeJS.Signals;
  #child: ChildProcess | undefined;

  constructor(
    program: string,
    args: readonly string[],
    { ready, stopSignal }: { ready: string; stopSignal: NodeJS.Signals },
  ) {
    this.#program = program;
    this.#args = args;
    this.#ready = ready;
    this.#stopSignal = stopSignal;
  }

  async start(): Promise<void> {
    if (this.#isRunning()) return;
    const child = spawn(this.#program, this.#args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: '/',
      ...unprivileged(),
    });
    this.#child = child;
    const kill = () => child.kill(this.#stopSignal);
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    let written = '';
    await new Promise<void>((resolve, reject) => {
      const onEnd = () => reject(new Error(`${this.#program} did not start:\n${written}`));
      child.once('error', onEnd);
      child.once('exit', onEnd);
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (written.includes(this.#ready)) return;
        written += text;
        if (written.includes(this.#ready)) resolve();
      });
    });
    // Whatever a test forgot to stop ends with this process, and does not keep it.
    child.unref();
    if (child.stderr instanceof Socket) child.stderr.unref();
  }

  async stop(): Promise<void> {
    if (!this.#child || !this.#isRunning()) return;
    const ended = once(this.#child, 'exit');
    this.#child.ref();
    this.#child.kill(this.#stopSignal);
    // A frozen process takes its signals once it runs again.
    this.signalAll('SIGCONT');
    await ended;
  }

  /** To the server's process first, which so starts no other, then to those that it started. */
  signalAll(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined || !this.#isRunning()) return;
    send(pid, signal);
    // A signal is heeded a moment later: what was just being started is found at the last look.
    for (let look = 1; look <= LOOKS; look += 1) {
      for (const child of childrenOf(pid)) send(child, signal);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_PAUSE_MS);
    }
  }

  #isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ends just now; the others are told all the same.
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return children.split(' ').filter(Boolean).map(Number);
  } catch {
    // The process ends just now, and has none any more.
    return [];
  }
}
