/** Large bodies and many slow streams through the gateway: what memory its process takes, and that nothing is left. */
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent } from 'undici';
import { type BenchApi, chunks } from './gateway-api.ts';
import { withServers } from './gateway-bench.ts';
import { API_NAME } from './gateway-entry.ts';
import type { GatewayRunner } from './gateway-runner.ts';

export interface LargeOptions {
  readonly bytes: number;
  readonly streams: number;
  /** Of a slow stream: a kilobyte each quarter of a second. */
  readonly ticks: number;
  /** Told of each step. */
  readonly say: (step: string) => void;
}

export interface Step {
  readonly what: string;
  readonly ms: number;
  /** Of the gateway's process. */
  readonly rssBefore: number;
  readonly rssPeak: number;
  readonly cpuMs: number;
  /** What was seen to be so. */
  readonly seen: string;
}

const SAMPLE_MS = 50;
/** Opened at a time: an API has a bound (200 by default) on calls that wait for its answer. */
const WAVE = 100;
const PATIENCE_MS = 20_000;

/** @throws {Error} something did not arrive whole, or was left open. */
export async function runLarge({ bytes, streams, ticks, say }: LargeOptions): Promise<Step[]> {
  return await withServers(async (site, _, api) => {
    const agent = new Agent({ connections: null, headersTimeout: 0, bodyTimeout: 0 });
    const ask = (method: 'GET' | 'PUT', path: string, body?: Readable) =>
      agent.request({
        ...{ origin: site.url, path: `/api/${API_NAME}${path}`, method, body: body ?? null },
        headers: {
          cookie: site.cookie,
          'sec-fetch-site': 'same-origin',
          ...(body && { 'content-length': String(bytes) }),
        },
      });
    const download = async () => {
      const { body } = await ask('GET', `/stream/${bytes}`);
      let came = 0;
      for await (const chunk of body) came += chunk.length;
      return expectSame(came, bytes, 'bytes');
    };
    const upload = async () => {
      const { body } = await ask('PUT', '/sink', Readable.from(chunks(bytes)));
      return expectSame(await body.json(), { bytes }, 'bytes');
    };
    const open = async () => {
      const answers: Awaited<ReturnType<typeof ask>>[] = [];
      while (answers.length < streams) {
        const wave = Math.min(WAVE, streams - answers.length);
        const opened = Array.from({ length: wave }, () => ask('GET', `/slow/${ticks}`));
        answers.push(...(await Promise.all(opened)));
      }
      expectSame(api.open(), streams, 'streams at the API');
      return answers;
    };
    const readAll = async () => {
      const bodies = await Promise.all((await open()).map(({ body }) => body.bytes()));
      const whole = bodies.filter(({ length }) => length === ticks * 1024);
      return expectSame(whole.length, streams, 'streams read to their end');
    };
    const abortAll = async () => {
      for (const { body } of await open()) body.on('error', () => undefined).destroy();
      return await noneOpen(api);
    };
    try {
      await download();
      const steps: Step[] = [];
      for (const [what, step] of [
        [`${bytes / 2 ** 20} MB down`, download],
        [`${bytes / 2 ** 20} MB up`, upload],
        [`${streams} slow streams at once, read to their ends`, readAll],
        [`${streams} slow streams at once, all aborted`, abortAll],
      ] as const) {
        say(what);
        steps.push(await watched(site, what, step));
      }
      return steps;
    } finally {
      await agent.destroy();
    }
  });
}

async function watched(
  site: GatewayRunner,
  what: string,
  step: () => Promise<string>,
): Promise<Step> {
  const before = await site.usage();
  let rssPeak = before.rssBytes;
  const done = new AbortController();
  const watching = (async () => {
    while (!done.signal.aborted) {
      rssPeak = Math.max(rssPeak, (await site.usage()).rssBytes);
      await wait(SAMPLE_MS);
    }
  })();
  // The process is gone where the step failed, and that is what counts.
  watching.catch(() => undefined);
  const beganAt = performance.now();
  try {
    const seen = await step();
    const ms = performance.now() - beganAt;
    done.abort();
    await watching;
    const { cpuUs } = await site.usage();
    const cpuMs = (cpuUs - before.cpuUs) / 1000;
    return { what, ms, rssBefore: before.rssBytes, rssPeak, cpuMs, seen };
  } finally {
    done.abort();
  }
}

async function noneOpen(api: BenchApi): Promise<string> {
  const beganAt = performance.now();
  while (api.open() > 0) {
    if (performance.now() - beganAt > PATIENCE_MS) throw new Error(`${api.open()} left open`);
    await wait(5);
  }
  return `none open at the API after ${Math.round(performance.now() - beganAt)} ms`;
}

function expectSame(found: unknown, expected: unknown, what: string): string {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${one} ${what}, not ${other}`);
  return `${one} ${what}`;
}
