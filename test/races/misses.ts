/** Where the outcome of a cell is not what was expected of it. */
import type { Cell } from './cell.ts';
import type { Expectation, Range } from './expectation.ts';
import type { Outcome } from './run-cell.ts';
import { failedOf, type Tally } from './tally.ts';

/** One sentence for each miss. */
export function missesOf(cell: Cell, expected: Expectation, outcome: Outcome): string[] {
  const { callers, later, left, renewal, isNewerGrant, olderTokens, newSignIn, bystander, alarms } =
    outcome;
  const misses: string[] = [];
  const must = (holds: boolean, sentence: string) => {
    if (!holds) misses.push(sentence);
  };
  [...outcome.refreshes].forEach(([name, count], n) => {
    const range = n === 0 ? expected.refreshes.hit : expected.refreshes.others;
    must(isIn(count, range), `${count} refreshes for ${name}, not ${rangeText(range)}`);
  });
  const kinds = { callers, later, bystander };
  for (const [who, tally] of Object.entries(kinds)) {
    must(tally.wrong === 0, `${who}: ${tally.wrong} tokens of another resource, tenant or person`);
    must(tally.silent === 0, `${who}: ${tally.silent} were told nothing`);
  }
  const unforeseen = [...callers.failed.keys()].filter((code) => !expected.failures.includes(code));
  must(unforeseen.length === 0, `callers were told ${unforeseen.join(', ')}`);
  must(isServedAs(expected.served, callers), `${callers.served} callers were served`);
  must(later.served === 0 || expected.later.includes('token'), 'those who came later had tokens');
  const toldLater = [...later.failed.keys()];
  must(
    toldLater.every((code) => code.startsWith('sign_in') && expected.later.includes('sign-in')),
    `those who came later were told ${toldLater.join(', ')}`,
  );
  must(later.served + failedOf(later) > 0, 'nobody came later');
  must(expected.left.includes(left), `the account is ${left}`);
  must(expected.renewal.includes(renewal), `its refresh token: ${renewal}`);
  must(cell.event.kind !== 'sign-in' || isNewerGrant === true, 'the newer sign-in was buried');
  must(olderTokens === 0, `${olderTokens} callers had a token of the older sign-in`);
  must(newSignIn === undefined || newSignIn === 'works', 'a new sign-in does not help');
  must(bystander.refreshes === 1, `another account was refreshed ${bystander.refreshes} times`);
  must(
    bystander.served > 0 && failedOf(bystander) === 0,
    `callers of another account were told ${[...bystander.failed.keys()].join(', ')}`,
  );
  must(alarms.length === 0, `alarms: ${alarms.join(', ')}`);
  return misses;
}

export function rangeText([least, most]: Range): string {
  return least === most ? String(least) : `${least}–${most}`;
}

function isIn(count: number, [least, most]: Range): boolean {
  return count >= least && count <= most;
}

function isServedAs(served: Expectation['served'], tally: Tally): boolean {
  switch (served) {
    case 'all':
      return failedOf(tally) === 0 && tally.served > 0;
    case 'some':
      return tally.served > 0;
    case 'none':
      return tally.served === 0 && failedOf(tally) > 0;
    case 'any':
      return true;
  }
}
