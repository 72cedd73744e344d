/** Cells that miss their expectation for a reason that is known and said. */
import type { Cell } from './cell.ts';

interface Explanation {
  readonly of: (cell: Cell) => boolean;
  readonly why: string;
}

/** None now; a miss without one makes the run fail. */
const EXPLANATIONS: readonly Explanation[] = [];

/** Why a miss of this cell is no surprise. */
export function explanationOf(cell: Cell): string | undefined {
  return EXPLANATIONS.find(({ of }) => of(cell))?.why;
}
