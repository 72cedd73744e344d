/** Work done a few at a time, its results in the order of what it was done to. */

export async function inLanes<T, R>(
  items: readonly T[],
  lanes: number,
  work: (item: T, n: number) => Promise<R>,
): Promise<R[]> {
  const waiting = [...items.entries()];
  const results = new Map<number, R>();
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [n, item] = next;
      results.set(n, await work(item, n));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
