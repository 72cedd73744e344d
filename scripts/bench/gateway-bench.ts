/** The gateway's bench: the gateway, a route with the typed client and a bare route take turns. */
import { setTimeout as wait } from 'node:timers/promises';
import { Pool } from 'undici';
import { startRedisServer } from '../../test/support/redis-server.ts';
import { type BenchApi, benchApi } from './gateway-api.ts';
import { API_NAME, ITEM, TYPED } from './gateway-entry.ts';
import { GatewayRunner } from './gateway-runner.ts';

export interface GatewayBenchOptions {
  readonly rounds: number;
  readonly roundMs: number;
  /** Told of each step. */
  readonly say: (step: string) => void;
  /** Ends it early, with all it started. */
  readonly signal: AbortSignal;
}

export interface ProxyRound {
  readonly calls: number;
  readonly ms: number;
  /** Of the process that serves, in its own code and the kernel's. */
  readonly cpuUs: number;
  readonly p99Ms: number;
}

export const CONTESTANTS = ['gateway', 'typed', 'floor'] as const;
export type GatewayContestant = (typeof CONTESTANTS)[number];
export type GatewayRounds = Readonly<Record<GatewayContestant, readonly ProxyRound[]>>;

/** How many calls wait at a time. */
export const AT_A_TIME = 16;
const REST_MS = 50;
const PATHS = { gateway: `/api/${API_NAME}${ITEM}`, typed: TYPED, floor: '/' };

export async function runGatewayBench(options: GatewayBenchOptions): Promise<GatewayRounds> {
  const { rounds, say, signal } = options;
  return await withServers(async (site, floor) => {
    const taken: Record<GatewayContestant, ProxyRound[]> = { gateway: [], typed: [], floor: [] };
    for (let round = 0; round <= rounds; round += 1) {
      say(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
      for (const name of round % 2 === 0 ? CONTESTANTS : CONTESTANTS.toReversed()) {
        signal.throwIfAborted();
        const result = await oneRound(name === 'floor' ? floor : site, PATHS[name], options);
        if (round > 0) taken[name].push(result);
        await wait(REST_MS);
      }
    }
    return taken;
  });
}

/** With Redis, the API, the site and the floor, each a process of its own but the API, which is here. */
export async function withServers<T>(
  work: (site: GatewayRunner, floor: GatewayRunner, api: BenchApi) => Promise<T>,
): Promise<T> {
  const redis = await startRedisServer();
  await using api = await benchApi();
  const entry = { redisUri: redis.uri, apiUrl: api.url };
  const runners: GatewayRunner[] = [];
  try {
    for (const kind of ['concierge', 'floor'] as const) {
      runners.push(await GatewayRunner.start({ ...entry, kind }));
    }
    const [site, floor] = runners;
    if (!site || !floor) throw new Error('not started');
    return await work(site, floor, api);
  } finally {
    await Promise.all(runners.map((runner) => runner.stop()));
    await redis.stop();
  }
}

async function oneRound(
  runner: GatewayRunner,
  path: string,
  { roundMs }: GatewayBenchOptions,
): Promise<ProxyRound> {
  const pool = new Pool(runner.url, { connections: AT_A_TIME });
  const latencies: number[] = [];
  const before = await runner.usage();
  const beganAt = performance.now();
  const headers = { cookie: runner.cookie, accept: '*/*' };
  const lane = async () => {
    while (performance.now() - beganAt < roundMs) {
      const askedAt = performance.now();
      const { statusCode, body } = await pool.request({ path, method: 'GET', headers });
      await body.arrayBuffer();
      if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}`);
      latencies.push(performance.now() - askedAt);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  } finally {
    await pool.destroy();
  }
  const ms = performance.now() - beganAt;
  const { cpuUs } = await runner.usage();
  const sorted = latencies.toSorted((a, b) => a - b);
  const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  return { calls: latencies.length, ms, cpuUs: cpuUs - before.cpuUs, p99Ms };
}
