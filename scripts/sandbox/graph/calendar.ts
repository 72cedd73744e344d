/** Graph's calendar of the caller, in the time zone the caller prefers. */
import type Koa from 'koa';
import { graphError } from '../graph-error.ts';
import { eventsOf } from '../mailbox.ts';
import type { SandboxState } from '../sandbox-state.ts';
import { answerList, mailboxPages } from './entity-list.ts';
import type { GraphPaths } from './graph-paths.ts';

type Event = ReturnType<typeof eventsOf>[number];

/** Windows names, of which these stand for all; IANA names are taken too. */
const windowsZones: Readonly<Record<string, string>> = {
  'GMT Standard Time': 'Europe/London',
  'W. Europe Standard Time': 'Europe/Berlin',
  'Pacific Standard Time': 'America/Los_Angeles',
  'Tokyo Standard Time': 'Asia/Tokyo',
};

const startOf = ({ start }: Event): number => Date.parse(`${start.dateTime}Z`);
const endOf = ({ end }: Event): number => Date.parse(`${end.dateTime}Z`);

function formatFor(zone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('sv-SE', {
      timeZone: windowsZones[zone] ?? zone,
      dateStyle: 'short',
      timeStyle: 'medium',
    });
  } catch {
    // A zone that nobody knows is the caller's to correct.
    return undefined;
  }
}

function answerEvents(
  ctx: Koa.Context,
  state: SandboxState,
  events: readonly Event[],
  context: string,
): void {
  const zone = ctx.get('prefer').match(/outlook\.timezone="([^"]*)"/i)?.[1];
  const format = formatFor(zone ?? 'UTC');
  if (!format) {
    const message = `A valid TimeZone value must be specified. The following TimeZone value is not supported: '${zone}'.`;
    graphError(ctx, state, 400, 'TimeZoneNotSupportedException', message);
    return;
  }
  const orderBy = ctx.URL.searchParams.get('$orderby') ?? 'start/dateTime';
  const [, direction] = orderBy.match(/^start\/dateTime(?: (asc|desc))?$/) ?? [undefined, 'none'];
  if (direction === 'none') {
    graphError(ctx, state, 400, 'ErrorInvalidUrlQuery', `Cannot order by '${orderBy}'.`);
    return;
  }
  const at = (time: number) => ({
    dateTime: `${format.format(time).replace(' ', 'T')}.0000000`,
    timeZone: zone ?? 'UTC',
  });
  const sign = direction === 'desc' ? -1 : 1;
  const sorted = events.toSorted((a, b) => sign * (startOf(a) - startOf(b)));
  const local = sorted.map((event) => ({
    ...event,
    start: at(startOf(event)),
    end: at(endOf(event)),
  }));
  if (zone !== undefined) ctx.set('preference-applied', `outlook.timezone="${zone}"`);
  answerList(ctx, state, local, { ...mailboxPages, context });
}

/** A time without an offset is UTC, as Graph reads it. */
function timeOf(ctx: Koa.Context, name: string): number {
  const text = ctx.URL.searchParams.get(name) ?? '';
  return Date.parse(/(Z|[+-]\d\d:\d\d)$/i.test(text) || !text.includes('T') ? text : `${text}Z`);
}

/** Adds `/me/events` and `/me/calendarView`. */
export function addCalendar(paths: GraphPaths): void {
  const { state } = paths;
  paths.add('get', '/me/events', ['Calendars.Read'], (ctx, { user }) => {
    answerEvents(ctx, state, eventsOf(user, state.now()), `users('${user.id}')/events`);
  });
  paths.add('get', '/me/calendarView', ['Calendars.Read'], (ctx, { user }) => {
    const [from, to] = [timeOf(ctx, 'startDateTime'), timeOf(ctx, 'endDateTime')];
    if (Number.isNaN(from + to)) {
      const message =
        'This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.';
      graphError(ctx, state, 400, 'ErrorInvalidParameter', message);
      return;
    }
    const inside = eventsOf(user, state.now()).filter(
      (event) => startOf(event) < to && endOf(event) > from,
    );
    answerEvents(ctx, state, inside, `users('${user.id}')/calendarView`);
  });
}
