/** The races in Markdown: one line for each event with its reason, and one for each cell. */
import { type Cell, eventName } from './cell.ts';
import { DEAD, type Expectation, NO_SESSION, UNAVAILABLE } from './expectation.ts';
import { rangeText } from './misses.ts';
import type { Outcome } from './run-cell.ts';
import { failedOf } from './tally.ts';

/** A cell that was run. */
export interface Run {
  readonly cell: Cell;
  readonly expected: Expectation;
  readonly outcome: Outcome;
  readonly misses: readonly string[];
  readonly explanation: string | undefined;
}

/** Whether it is as expected, or said why not. */
export function isAccounted({ misses, explanation }: Run): boolean {
  return misses.length === 0 || explanation !== undefined;
}

export function racesTable(runs: readonly Run[], minutes: number): string {
  const callers = runs.reduce((sum, { outcome }) => sum + callersOf(outcome), 0);
  const missed = runs.filter(({ misses }) => misses.length > 0);
  const explained = missed.filter(isAccounted).length;
  const verdict =
    missed.length === 0
      ? 'all as expected'
      : `${runs.length - missed.length} as expected, ${explained} otherwise for the reason given, ${missed.length - explained} not`;
  return [
    `${runs.length} cells, ${callers} callers, ${minutes} minutes: ${verdict}.`,
    '',
    ...eventTable(runs),
    '',
    '<details><summary>Every cell</summary>',
    '',
    ...cellTable(runs),
    '',
    '</details>',
  ].join('\n');
}

/** Cells of one event are told apart where their reasons differ. */
function eventTable(runs: readonly Run[]): string[] {
  const groups = Map.groupBy(
    runs,
    ({ cell, expected }) => `${eventName(cell.event)} | ${expected.why}`,
  );
  const rows = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const modes = new Set(group.map(({ cell }) => cell.mode));
    const seen = range(group.map(({ outcome }) => hitOf(outcome)));
    const expected = range(group.flatMap((run) => [...run.expected.refreshes.hit]));
    const cells = [
      ...[eventName(first.cell.event), modes.size === 3 ? 'any' : [...modes].join(', ')],
      ...[String(group.length), `${seen} / ${expected}`, lefts(group), first.expected.why],
    ];
    return [`| ${cells.join(' | ')} |`];
  });
  return [
    '| event | refresh tokens | cells | refreshes seen / expected | account afterwards | why |',
    '|---|---|---:|---:|---|---|',
    ...rows,
  ];
}

function cellTable(runs: readonly Run[]): string[] {
  const rows = runs.map(({ cell, expected, outcome, misses, explanation }) => {
    const { refreshes, callers, left, renewal } = outcome;
    const { hit, others } = expected.refreshes;
    const wanted = cell.slots === 1 ? rangeText(hit) : `${rangeText(hit)}, ${rangeText(others)}`;
    const verdict = misses.length === 0 ? 'as expected' : `${misses.join('; ')}`;
    const cells = [
      ...[eventName(cell.event), cell.processes, cell.store, cell.mode, `${cell.latencyMs} ms`],
      ...[`${[...refreshes.values()].join('+')} / ${wanted}`, callers.served],
      ...[callers.failed.get(UNAVAILABLE) ?? 0, signIns(outcome), callers.lost],
      ...[`${left}, ${renewal === 'works' ? 'renews' : 'new sign-in works'}`],
      explanation && misses.length > 0 ? `${verdict}: ${explanation}` : verdict,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| event | processes | store | refresh tokens | authority | refreshes seen / expected | served | told to come back | told to sign in | lost with their process | account afterwards | verdict |',
    '|---|---:|---|---|---:|---:|---:|---:|---:|---:|---|---|',
    ...rows,
  ];
}

function callersOf({ callers, later, bystander }: Outcome): number {
  return [callers, later, bystander].reduce((sum, tally) => {
    const { served, lost, silent, wrong } = tally;
    return sum + served + lost + silent + wrong + failedOf(tally);
  }, 0);
}

function hitOf({ refreshes }: Outcome): number {
  const [hit = 0] = refreshes.values();
  return hit;
}

function signIns({ callers }: Outcome): number {
  return (callers.failed.get(DEAD) ?? 0) + (callers.failed.get(NO_SESSION) ?? 0);
}

function lefts(runs: readonly Run[]): string {
  return [...new Set(runs.map(({ outcome }) => outcome.left))].join(' or ');
}

function range(counts: readonly number[]): string {
  return rangeText([Math.min(...counts), Math.max(...counts)]);
}
