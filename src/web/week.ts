/** The weeks that a calendar is shown in: Monday to Sunday, in UTC. */

export interface Week {
  /** Its Monday, `YYYY-MM-DD`. */
  readonly name: string;
  /** The instants (epoch milliseconds) at which its days begin, and the one at which it ends. */
  readonly days: readonly number[];
  readonly endsAt: number;
  readonly previous: string;
  readonly next: string;
}

const DAY_MS = 24 * 60 * 60_000;
const DATE = /^(19|20)\d\d-\d\d-\d\d$/;

/** The week of a date (`YYYY-MM-DD`) or of an instant; `undefined` for a text that is no date. */
export function weekOf(date: string | number): Week | undefined {
  if (typeof date === 'string' && !DATE.test(date)) return undefined;
  const at = typeof date === 'string' ? Date.parse(`${date}T00:00:00Z`) : date;
  // A day that no month has is none, too.
  if (Number.isNaN(at) || (typeof date === 'string' && dayName(at) !== date)) return undefined;
  const midnight = Math.floor(at / DAY_MS) * DAY_MS;
  const monday = midnight - ((new Date(midnight).getUTCDay() + 6) % 7) * DAY_MS;
  return {
    name: dayName(monday),
    days: Array.from({ length: 7 }, (_, index) => monday + index * DAY_MS),
    endsAt: monday + 7 * DAY_MS,
    previous: dayName(monday - 7 * DAY_MS),
    next: dayName(monday + 7 * DAY_MS),
  };
}

export function dayName(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** What overlaps the day that begins at `day`. */
export function onDay<T extends { readonly start: string; readonly end: string }>(
  events: readonly T[],
  day: number,
): readonly T[] {
  return events.filter(({ start, end }) => {
    const [from, to] = [Date.parse(start), Date.parse(end)];
    return from < day + DAY_MS && (to > day || from === day);
  });
}
