/** Runs a bench and prints its report as Markdown: `npm run bench -- broker`. */
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { STORE_NAMES, type StoreName } from './bench-stores.ts';
import { runBrokerBench } from './broker-bench.ts';
import { brokerReport } from './broker-report.ts';
import { withSection } from './readme-section.ts';

const USAGE = `Usage: npm run bench -- broker [--accounts 1,1000,1000000] [--stores ${STORE_NAMES.join(',')}]
                                [--rounds 15] [--round-ms 120] [--readme]
  --accounts  how many accounts each store holds, one number for each column
  --stores    which stores; all by default
  --rounds    how often each contestant is timed
  --round-ms  for how long each time
  --readme    writes the report into README.md, too`;

/** More accounts a round than a process may hold; limits of operations hold some memory for a second. */
const MEMORY = { rounds: 3, calls: 12_000, quietMs: 1500 };

const options = {
  accounts: { type: 'string', default: '1,1000,1000000' },
  stores: { type: 'string', default: STORE_NAMES.join(',') },
  rounds: { type: 'string', default: '15' },
  'round-ms': { type: 'string', default: '120' },
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
  if (bench !== 'broker' || more.length > 0) throw new BadUsage('Which bench? There is: broker.');
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());
  const result = await runBrokerBench({
    signal: stop.signal,
    stores: values.stores.split(',').map(readStore),
    sizes: values.accounts
      .split(',')
      .map(readNumber)
      .toSorted((a, b) => a - b),
    rounds: readNumber(values.rounds),
    roundMs: readNumber(values['round-ms']),
    memory: MEMORY,
    say: (step) => process.stderr.write(`${step}\n`),
  });
  const report = brokerReport(result);
  process.stdout.write(`${report}\n`);
  if (!values.readme) return;
  writeFileSync('README.md', withSection(readFileSync('README.md', 'utf8'), bench, report));
}

main().catch((error: unknown) => {
  process.exitCode = 1;
  if (error instanceof BadUsage) process.stderr.write(`${error.message}\n${USAGE}\n`);
  else if (error instanceof Error && error.name === 'AbortError') process.stderr.write('stopped\n');
  else throw error;
});
