/** The parent's side of a process of the gateway's bench. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { type GatewayEntry, readySchema, type Usage, usageSchema } from './gateway-entry.ts';

export class GatewayRunner {
  readonly url: string;
  readonly cookie: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, { port, cookie }: { port: number; cookie: string }) {
    this.#child = child;
    this.url = `http://127.0.0.1:${port}`;
    this.cookie = cookie;
  }

  /** @throws {Error} the process ended before it served. */
  static async start(entry: GatewayEntry): Promise<GatewayRunner> {
    const file = join(import.meta.dirname, 'gateway-process.ts');
    const child = fork(file, [JSON.stringify(entry)], { env: { PATH: process.env['PATH'] } });
    return new GatewayRunner(child, readySchema.parse(await answerOf(child)));
  }

  async usage(): Promise<Usage> {
    const answer = answerOf(this.#child);
    this.#child.send('usage');
    return usageSchema.parse(await answer);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const { signal } = ended;
  const exit = once(child, 'exit', { signal }).then(() => {
    throw new Error('a contestant ended early; it says above why');
  });
  try {
    const [message]: unknown[] = await Promise.race([once(child, 'message', { signal }), exit]);
    return message;
  } finally {
    ended.abort();
    // Whichever was not waited for ends with the signal.
    exit.catch(() => undefined);
  }
}
