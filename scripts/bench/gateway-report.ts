/** A bench of the gateway as a reader sees it. */
import { availableParallelism, cpus } from 'node:os';
import process from 'node:process';
import { megabytes, microseconds, percent, perSecond, table, times } from './figures-as-text.ts';
import {
  AT_A_TIME,
  CONTESTANTS,
  type GatewayBenchOptions,
  type GatewayRounds,
  type ProxyRound,
} from './gateway-bench.ts';
import type { Step } from './gateway-large.ts';
import { type Figure, figure, quotients } from './medians.ts';

/** Of the floor's processor time. */
export const AT_MOST = 1.3;

const NAMES = {
  gateway: 'the gateway',
  typed: 'a route of the site with `api(ctx, …).get()`, got',
  floor: 'floor: a bare Koa route, `undici.request` and a Redis `GET`',
};
const cpuUs = (round: ProxyRound) => round.cpuUs / round.calls;
const timeUs = (round: ProxyRound) => (round.ms * 1000) / round.calls;
const p99 = (round: ProxyRound) => round.p99Ms;

export function gatewayReport(
  rounds: GatewayRounds,
  options: Pick<GatewayBenchOptions, 'rounds' | 'roundMs'>,
): string {
  const against = (name: (typeof CONTESTANTS)[number], of: (round: ProxyRound) => number) =>
    figure(quotients(rounds[name].map(of), rounds.floor.map(of)));
  const rows = CONTESTANTS.map((name) => {
    const typical = (of: (round: ProxyRound) => number) => figure(rounds[name].map(of)).median;
    const figures = [microseconds(typical(cpuUs)), `${typical(p99).toFixed(1)} ms`];
    const ratios = [against(name, cpuUs), against(name, p99)].map(withSpread);
    return [NAMES[name], ...ratios, ...figures, perSecond(typical(timeUs))];
  });
  const head = ['a proxied call', 'CPU, of the floor’s', 'p99', 'CPU', 'p99', 'calls/s'];
  const { median, margin } = against('gateway', cpuUs);
  const verdict = verdictOf(median, margin);
  return [
    conditions(options),
    table(head, rows),
    `Target: at most ${times(AT_MOST)} the floor's processor time: ${times(median)}, **${verdict}**.`,
  ].join('\n\n');
}

export function verdictOf(median: number, margin: number): 'met' | 'missed' | 'unclear' {
  if (Math.abs(median - AT_MOST) < margin) return 'unclear';
  return median <= AT_MOST ? 'met' : 'missed';
}

export function largeReport(steps: readonly Step[]): string {
  const rows = steps.map(({ what, ms, rssBefore, rssPeak, cpuMs, seen }) => [
    ...[what, megabytes(rssBefore), megabytes(rssPeak)],
    ...[`${(ms / 1000).toFixed(1)} s`, `${(cpuMs / 1000).toFixed(1)} s`, seen],
  ]);
  const head = ['through the gateway', 'memory before', 'at its peak', 'time', 'CPU', 'seen'];
  return table(head, rows);
}

function conditions({ rounds, roundMs }: Pick<GatewayBenchOptions, 'rounds' | 'roundMs'>): string {
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'processor'}`;
  return [
    `Measured by \`npm run bench -- gateway\` on ${machine}, Node ${process.versions.node}: ${rounds} rounds of ${roundMs} ms, the`,
    `contestants in turn, ${AT_A_TIME} calls at a time of an API that answers 1.3 kB of JSON; medians, ± half the distance of`,
    'the quartiles. A ratio is the median of what was compared round by round. The gateway has a session, an account',
    'and a rule to look at, and makes the line of its log.',
  ].join('\n');
}

function withSpread({ median, spread }: Figure): string {
  return `${times(median)} ± ${percent(spread)}`;
}
