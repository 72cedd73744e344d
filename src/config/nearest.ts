/** Finds the known name that a misspelt one most likely means. */
import leven from 'leven';

/** The nearest of `known`, at most two letters away (one for short names); `undefined` if none is. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const written = name.toLowerCase();
  const [best] = known
    .map((each) => ({ each, distance: lettersApart(written, each.toLowerCase()) }))
    .filter(({ each, distance }) => distance <= (Math.min(each.length, name.length) > 5 ? 2 : 1))
    .toSorted((a, b) => a.distance - b.distance);
  return best?.each;
}

/** Two letters in each other's place count as one mistake, which is what they are. */
function lettersApart(written: string, known: string): number {
  const distance = leven(written, known);
  const sameLetters = [...written].sort().join('') === [...known].sort().join('');
  return sameLetters ? Math.min(distance, 1) : distance;
}
