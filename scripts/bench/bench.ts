/** Runs a bench and prints its report as Markdown: `npm run bench -- broker`, or `gateway`. */
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { STORE_NAMES, type StoreName } from './bench-stores.ts';
import { runBrokerBench } from './broker-bench.ts';
import { brokerReport } from './broker-report.ts';
import { runGatewayBench } from './gateway-bench.ts';
import { runLarge } from './gateway-large.ts';
import { gatewayReport, largeReport } from './gateway-report.ts';
import { withSection } from './readme-section.ts';

const USAGE = `Usage: npm run bench -- broker [--accounts 1,1000,1000000] [--stores ${STORE_NAMES.join(',')}]
                                [--rounds 15] [--round-ms 120] [--readme]
       npm run bench -- gateway [--rounds 15] [--round-ms 120] [--large] [--readme]
  --accounts  how many accounts each store holds, one number for each column
  --stores    which stores; all by default
  --rounds    how often each contestant is timed
  --round-ms  for how long each time
  --large     1 GB each way and 1,000 slow streams instead, with the memory they take
  --readme    writes the report into README.md, too`;

const LARGE = { bytes: 2 ** 30, streams: 1000, ticks: 40 };

/** More accounts a round than a process may hold; limits of operations hold some memory for a second. */
const MEMORY = { rounds: 3, calls: 12_000, quietMs: 1500 };

const options = {
  accounts: { type: 'string', default: '1,1000,1000000' },
  stores: { type: 'string', default: STORE_NAMES.join(',') },
  rounds: { type: 'string', default: '15' },
  'round-ms': { type: 'string', default: '120' },
  large: { type: 'boolean', default: false },
  readme: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** What ends the bench with a sentence instead of a stack. */
class BadUsage extends Error {}

function readArguments() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    // An option that does not exist, or one without its value.
    throw new BadUsage(error instanceof Error ? error.message : String(error));
  }
}

function readNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new BadUsage(`${text} is no whole number above zero.`);
}

function readStore(text: string): StoreName {
  const name = STORE_NAMES.find((each) => each === text);
  if (name) return name;
  throw new BadUsage(`${text} is no store of this bench.`);
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const [bench, ...more] = positionals;
  if ((bench !== 'broker' && bench !== 'gateway') || more.length > 0) {
    throw new BadUsage('Which bench? There are: broker, gateway.');
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());
  const report = await reportOf(bench, values, stop.signal);
  process.stdout.write(`${report}\n`);
  if (!values.readme) return;
  const section = values.large ? `${bench} large` : bench;
  writeFileSync('README.md', withSection(readFileSync('README.md', 'utf8'), section, report));
}

async function reportOf(
  bench: 'broker' | 'gateway',
  values: ReturnType<typeof readArguments>['values'],
  signal: AbortSignal,
): Promise<string> {
  const say = (step: string) => process.stderr.write(`${step}\n`);
  const rounds = readNumber(values.rounds);
  const roundMs = readNumber(values['round-ms']);
  if (bench === 'gateway' && values.large) return largeReport(await runLarge({ ...LARGE, say }));
  if (bench === 'gateway') {
    const options = { rounds, roundMs, say, signal };
    return gatewayReport(await runGatewayBench(options), options);
  }
  const sizes = values.accounts
    .split(',')
    .map(readNumber)
    .toSorted((a, b) => a - b);
  const stores = values.stores.split(',').map(readStore);
  return brokerReport(
    await runBrokerBench({ signal, stores, sizes, rounds, roundMs, memory: MEMORY, say }),
  );
}

main().catch((error: unknown) => {
  process.exitCode = 1;
  if (error instanceof BadUsage) process.stderr.write(`${error.message}\n${USAGE}\n`);
  else if (error instanceof Error && error.name === 'AbortError') process.stderr.write('stopped\n');
  else throw error;
});
