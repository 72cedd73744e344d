/** Cells that miss their expectation for a reason that is known and said. */
import type { Cell } from './cell.ts';

/** Why a miss of this cell is no surprise. */
export function explanationOf({ event, mode, processes }: Cell): string | undefined {
  const isSilentWithAnswer =
    event.kind === 'stop' && event.at === 'after-response' && event.forMs < 10_000;
  if (isSilentWithAnswer && mode === 'rotating' && processes > 1) {
    return 'AADSTS70000 is tried once more under a new lease, and that one was not taken over: the 5 s for the silent holder are not waited for, and callers are sent to sign in too early.';
  }
  return undefined;
}
