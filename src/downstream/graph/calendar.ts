/** The person's calendar in Graph: what happens between two instants. */
import { z } from 'zod';
import type { Graph } from './graph.ts';
import { optionalFlag, optionalLink, optionalMailbox, optionalText } from './graph-fields.ts';

/** `2026-11-16T09:00:00.0000000`, in UTC because that is asked for; as ISO 8601. */
const instant = z
  .object({ dateTime: z.string() })
  .transform(({ dateTime }) => `${dateTime.replace(/(\.\d+)?Z?$/, '')}Z`)
  .refine((text) => !Number.isNaN(Date.parse(text)));

const eventSchema = z.object({
  id: z.string(),
  subject: optionalText,
  start: instant,
  end: instant,
  location: z
    .object({ displayName: optionalText })
    .nullish()
    .transform((location) => location?.displayName),
  isAllDay: optionalFlag,
  isCancelled: optionalFlag,
  organizer: optionalMailbox,
  webLink: optionalLink,
});
export type CalendarEvent = z.output<typeof eventSchema>;

const PAGE = '100';
const MAX_PAGES = 3;

interface Span {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** The number of events that is enough. */
  readonly top?: number;
}

/**
 * What happens between two instants, single events and occurrences of series, in order of time.
 * `isCut`: whether there is more.
 *
 * @throws {SignInRequired} no consent to Calendars.Read.
 */
export async function readCalendar(graph: Graph, { from, to, top }: Span) {
  const read = {
    path: '/me/calendarView',
    permission: 'Calendars.Read',
    headers: { prefer: 'outlook.timezone="UTC"' },
    query: {
      startDateTime: new Date(from).toISOString(),
      endDateTime: new Date(to).toISOString(),
      $orderby: 'start/dateTime',
      $top: top === undefined ? PAGE : String(top),
    },
  };
  const { items, isCut } = await graph.listAll(
    eventSchema,
    read,
    top === undefined ? MAX_PAGES : 1,
  );
  return { events: items, isCut };
}
