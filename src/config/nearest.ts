/** Finds the known name that a misspelt one most likely means. */
import leven from 'leven';

/** The nearest of `known`, at most two letters away (one for short names); `undefined` if none is. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const written = name.toLowerCase();
  const [best] = known
    .map((each) => ({ each, distance: leven(written, each.toLowerCase()) }))
    .filter(({ each, distance }) => distance <= (Math.min(each.length, name.length) > 5 ? 2 : 1))
    .toSorted((a, b) => a.distance - b.distance);
  return best?.each;
}
