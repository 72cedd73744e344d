/** How long what has failed is left alone: longer each time. */

const FIRST_MS = 1000;
const LONGEST_MS = 16_000;

/** In milliseconds, after so many failures before this one. */
export function restAfter(failures: number): number {
  return Math.min(FIRST_MS * 2 ** failures, LONGEST_MS);
}

/** A clock that was set back ends a rest, too. */
export function isResting(restUntil: number, now: number): boolean {
  const leftMs = restUntil - now;
  return leftMs > 0 && leftMs <= LONGEST_MS;
}
