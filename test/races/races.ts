/** Runs the whole matrix of races: `npm run races`, with `-- --readme` into the README, with `-- --only <words>` some cells. */
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { type Cell, cellName } from './cell.ts';
import { allCells } from './cells.ts';
import { expectationOf } from './expectation.ts';
import { explanationOf } from './explanations.ts';
import { inLanes } from './in-lanes.ts';
import { missesOf } from './misses.ts';
import { isAccounted, type Run, racesTable } from './races-table.ts';
import { runCell } from './run-cell.ts';

const { values } = parseArgs({
  options: {
    readme: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    /** How many cells run at a time. */
    lanes: { type: 'string', default: '2' },
  },
});

const MARKED = /(<!-- races -->\n)[\s\S]*?(<!-- \/races -->)/;

async function run(cell: Cell, progress: string): Promise<Run | undefined> {
  const begun = Date.now();
  const say = (text: string) => {
    const seconds = ((Date.now() - begun) / 1000).toFixed(1);
    process.stderr.write(`${progress} ${cellName(cell)} (${seconds} s): ${text}\n`);
  };
  try {
    const outcome = await runCell(cell);
    const expected = expectationOf(cell);
    const misses = missesOf(cell, expected, outcome);
    const done = { cell, expected, outcome, misses, explanation: explanationOf(cell) };
    const verdict = isAccounted(done) ? 'explained' : 'MISSED';
    say(misses.length === 0 ? 'as expected' : `${verdict}: ${misses.join('; ')}`);
    return done;
  } catch (error) {
    // One cell that breaks must not hide the others: it counts as missed.
    say(`BROKE: ${error instanceof Error ? error.stack : String(error)}`);
    return undefined;
  }
}

// Each cell and each of its servers wants to hear of this process's end.
process.setMaxListeners(0);
const begun = Date.now();
const cells = allCells().filter((cell) => cellName(cell).includes(values.only));
if (cells.length === 0) throw new Error(`no cell has “${values.only}” in its name`);
const runs = await inLanes(cells, Number(values.lanes), (cell, n) =>
  run(cell, `${n + 1}/${cells.length}`),
);

const whole = runs.filter((each) => each !== undefined);
const table = racesTable(whole, Math.ceil((Date.now() - begun) / 60_000));
process.stdout.write(`${table}\n`);
const isGood = whole.length === cells.length && whole.every(isAccounted);
if (values.readme && isGood && values.only === '') {
  const readme = readFileSync('README.md', 'utf8');
  if (!MARKED.test(readme)) throw new Error('README.md has no markers for races');
  writeFileSync(
    'README.md',
    readme.replace(MARKED, (_, start, end) => `${start}\n${table}\n\n${end}`),
  );
}
process.exitCode = isGood ? 0 : 1;
