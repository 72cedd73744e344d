/** Stops a process as a whole, so that it certainly answers nothing more. */
import type { ChildProcess } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { systemClock } from '../../src/clock.ts';

/** Resolves once every thread stands still; the signal alone is no sooner there than an answer. */
export async function freeze(child: ChildProcess | undefined): Promise<void> {
  if (!child) return;
  child.kill('SIGSTOP');
  while (statesOf(child).some((state) => state !== 'T')) await systemClock.sleep(1);
}

/** The letters by which Linux tells of threads (proc(5), `/proc/pid/task/tid/stat`). */
function statesOf({ pid }: ChildProcess): string[] {
  return globSync(`/proc/${pid}/task/*/stat`).map(
    (file) => /\) (\w)/.exec(readFileSync(file, 'utf8'))?.[1] ?? '',
  );
}
