/** A broker bench as a reader sees it: ratios first, what they are of beside them, then the targets. */
import { availableParallelism, cpus } from 'node:os';
import process from 'node:process';
import { RAW_TOKEN_BYTES } from './bench-accounts.ts';
import { type BrokerBenchResult, type Measured, MOST } from './broker-bench.ts';
import {
  bestPeer,
  bySize,
  ratio,
  typical,
  usOfCpu,
  usOfTime,
  WORKLOADS,
} from './broker-figures.ts';
import { targetsOf } from './broker-targets.ts';
import { type Entry, IN_USE } from './contestant.ts';
import {
  megabytes,
  microseconds,
  percent,
  perSecond,
  table,
  thousands,
  times,
} from './figures-as-text.ts';
import type { Figure } from './medians.ts';

export function brokerReport(result: BrokerBenchResult): string {
  return [
    conditions(result),
    peerTable(result),
    scaleTable(result),
    bytesTable(result),
    memoryTable(result),
    targetTable(result),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function conditions({ options, labels }: BrokerBenchResult): string {
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'processor'}`;
  return [
    `Measured by \`npm run bench -- broker\` on ${machine}, Node ${process.versions.node}, ${labels.join(', ')},`,
    `all on that machine: ${options.rounds} rounds of ${options.roundMs} ms, the contestants in turn, each a process of`,
    'its own; medians, ± half the distance of the quartiles. A ratio is the median of what was compared round by round.',
    `An account holds a Graph token of 2,000 characters, another API's of 1,400 and a refresh token of 1,400; ${IN_USE} accounts`,
    'are in use at a time, 16 calls wait at a time. A target is unclear where the margin of its median (95 %) reaches across it.',
  ].join('\n');
}

const OTHERS = new Map<Entry['kind'], string>([
  ['msal-request', 'msal-node 7.2.1, `DistributedCachePlugin`, an application a request'],
  ['msal-user', 'the same, an application kept for each person'],
  ['msal-sample', "the same, line by line as in Microsoft's sample"],
  ['msal-process', 'msal-node 7.2.1, one application, in memory only'],
  ['get', 'floor: a bare `GET` of the same bytes'],
  ['map', 'floor: a look into a `Map`'],
]);

function peerTable(result: BrokerBenchResult): string {
  const peer = bestPeer(result);
  if (!peer) return '';
  const ours = [...bySize(result, 'redis', 'warm'), ...bySize(result, 'redis', 'cold')]
    .filter(({ entry }) => entry.accounts === peer.entry.accounts)
    .map((each): [string, Measured] => [
      `this broker, account ${each.order.workload === 'warm' ? 'used before' : 'new to the process'}`,
      each,
    ]);
  const others = [...OTHERS].flatMap(([kind, name]) =>
    result.timed
      .filter(({ entry }) => entry.kind === kind)
      .map((each): [string, Measured] => [
        each.entry.accounts === 1 ? `${name}, 1 account` : name,
        each,
      ]),
  );
  const rows = [...ours, ...others].map(([name, each]) => [
    name,
    withSpread(ratio(peer, each, usOfTime)),
    withSpread(ratio(peer, each, usOfCpu)),
    perSecond(typical(each, usOfTime)),
    microseconds(typical(each, usOfCpu)),
  ]);
  const head = [
    `a kept token, Redis, ${thousands(peer.entry.accounts)} accounts`,
    'as many a second as msal-node',
    'for a CPU second',
    'tokens/s',
    'CPU a token',
  ];
  return `${table(head, rows)}\n\n${PEER_NOTE}`;
}

const MSAL_DOCS =
  'https://github.com/AzureAD/microsoft-authentication-library-for-js/blob/dev/lib/msal-node/docs';
const PEER_NOTE = `msal-node wrote its cache itself, with the same tokens and an ID token, unsealed; it had the discovery documents beforehand, as
its [guide](${MSAL_DOCS}/performance.md) asks, and none of its calls reached for the network. Its ways are those of that
guide, of its sample \`auth-code-distributed-cache\`, which reads the session from Redis too, and its default, which
[does not scale](${MSAL_DOCS}/caching.md#in-memory-cache).`;

function scaleTable(result: BrokerBenchResult): string {
  const { stores, sizes } = result.options;
  const rows = stores.flatMap((store) =>
    WORKLOADS.map(({ workload, name }) => {
      const measured = bySize(result, store, workload);
      // Nothing is in turn, or new to the process, where there is but one account.
      const none = sizes.slice(measured.length).map(() => '');
      return [`${store}, ${name}`, ...none, ...measured.map((each) => cost(each, measured[0]))];
    }),
  );
  return table(['time a token takes, of how many', ...sizes.map(thousands)], rows) + bounds(sizes);
}

/** Which stores held fewer than the others. */
function bounds(sizes: readonly number[]): string {
  const most = sizes.at(-1) ?? 0;
  const bounded = [...MOST].filter(([, accounts]) => accounts < most);
  if (bounded.length === 0) return '';
  const said = bounded.map(([store, accounts]) => `\`${store}:\` ${thousands(accounts)}`);
  return `\n\nIn the last column ${said.join(' and ')}: \`memory:\` is bounded (50,000 records and 128 Mi characters of a kind), and both are of one machine.`;
}

function cost(each: Measured, least: Measured | undefined): string {
  const perToken = microseconds(typical(each, usOfCpu));
  const absolute = `${perSecond(typical(each, usOfTime))}/s, CPU ${perToken}`;
  if (!least || least === each) return absolute;
  const [time, cpu] = [ratio(each, least, usOfTime), ratio(each, least, usOfCpu)];
  return `**${withSpread(time)}**, CPU ${times(cpu.median)} (${absolute})`;
}

function bytesTable({ bytes }: BrokerBenchResult): string {
  if (bytes.length === 0) return '';
  const rows = bytes.map(({ store, perAccount }) => [
    store,
    `**${times(perAccount / RAW_TOKEN_BYTES)}**`,
    thousands(perAccount),
  ]);
  const head = [
    'an account in the store, where most are',
    `of its tokens' ${thousands(RAW_TOKEN_BYTES)} bytes`,
    'bytes, with all the store adds',
  ];
  return table(head, rows);
}

function memoryTable({ memory, options }: BrokerBenchResult): string {
  const rows = options.stores.map((store) => [
    store,
    ...memory
      .filter((each) => each.store === store)
      .map(({ weights }) => {
        const heap = weights.map(({ heapBytes }) => megabytes(heapBytes)).join(' → ');
        return `${heap} (${megabytes(weights.at(-1)?.rssBytes ?? 0)})`;
      }),
  ]);
  const head = [
    'heap of a process asking for accounts at random, round by round (resident at the end), of',
    ...options.sizes.map(thousands),
  ];
  return table(head, rows);
}

function targetTable(result: BrokerBenchResult): string {
  const rows = targetsOf(result).map(({ what, found, verdict }) => [
    what,
    found,
    verdict === 'met' ? verdict : `**${verdict}**`,
  ]);
  return table(['target', 'found', ''], rows);
}

function withSpread({ median, spread }: Figure): string {
  return `${times(median)} ± ${percent(spread)}`;
}
