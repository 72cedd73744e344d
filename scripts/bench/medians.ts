/** What many rounds say: their median, how far they lie apart, and how sure that makes it. */

export interface Figure {
  readonly median: number;
  /** Half the distance of the quartiles, as a part of the median. */
  readonly spread: number;
  /** Where the median of many more rounds would lie, on either side, in 95 of 100 cases. */
  readonly margin: number;
}

/** @see McGill, Tukey, Larsen, "Variations of Box Plots" (1978), for the margin. */
export function figure(values: readonly number[]): Figure {
  const median = quantile(values, 0.5);
  const range = quantile(values, 0.75) - quantile(values, 0.25);
  const margin = (1.57 * range) / Math.sqrt(values.length);
  return { median, spread: range / 2 / median, margin };
}

/** Of rounds made side by side, so that what slows both for a while is no difference. */
export function quotients(these: readonly number[], those: readonly number[]): number[] {
  return these.map((value, round) => value / (those[round] ?? Number.NaN));
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
