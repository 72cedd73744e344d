/** Graph's calendar of the caller. */
import { graphError } from '../graph-error.ts';
import { eventsOf } from '../mailbox.ts';
import { answerList, mailboxPages } from './entity-list.ts';
import type { GraphPaths } from './graph-paths.ts';

/** Adds `/me/events` and `/me/calendarView`. */
export function addCalendar(paths: GraphPaths): void {
  const { state } = paths;
  paths.add('get', '/me/events', ['Calendars.Read'], (ctx, { user }) => {
    const context = `users('${user.id}')/events`;
    answerList(ctx, state, eventsOf(user, state.now()), { ...mailboxPages, context });
  });
  paths.add('get', '/me/calendarView', ['Calendars.Read'], (ctx, { user }) => {
    const [from, to] = ['startDateTime', 'endDateTime'].map((name) =>
      Date.parse(ctx.URL.searchParams.get(name) ?? ''),
    );
    if (from === undefined || to === undefined || Number.isNaN(from + to)) {
      const message =
        'This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.';
      graphError(ctx, state, 400, 'ErrorInvalidParameter', message);
      return;
    }
    const inside = eventsOf(user, state.now()).filter((event) => {
      const start = Date.parse(`${event.start.dateTime}Z`);
      return start >= from && start < to;
    });
    const context = `users('${user.id}')/calendarView`;
    answerList(ctx, state, inside, { ...mailboxPages, context });
  });
}
