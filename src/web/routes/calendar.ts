/** `GET /calendar`: one week of the person's calendar; consent is asked for here, and nowhere before. */
import { type CalendarEvent, readCalendar } from '../../downstream/graph/calendar.ts';
import type { Middleware, Parts } from '../context.ts';
import { graphOf } from '../graph-of.ts';
import { dayName, onDay, weekOf } from '../week.ts';

const dayTitle = new Intl.DateTimeFormat('en-GB', {
  ...({ weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' } as const),
});

export function calendar(parts: Parts): Middleware {
  return async (ctx) => {
    const asked = new URLSearchParams(ctx.querystring).get('week');
    const week = weekOf(asked ?? parts.now()) ?? ctx.throw(404);
    const [from = 0] = week.days;
    const { events, isCut } = await readCalendar(graphOf(parts, ctx), { from, to: week.endsAt });
    const today = dayName(parts.now());
    parts.pages.show(ctx, 'calendar', {
      days: week.days.map((day) => ({
        title: dayTitle.format(day),
        isToday: dayName(day) === today,
        events: onDay(events, day).map((event) => ({ ...event, time: timeOn(event, day) })),
      })),
      previousPath: `/calendar?week=${week.previous}`,
      nextPath: `/calendar?week=${week.next}`,
      isThisWeek: week.name === weekOf(parts.now())?.name,
      isCut,
    });
  };
}

/** The hours of an event on one of its days. */
function timeOn({ start, end, isAllDay }: CalendarEvent, day: number): string {
  if (isAllDay) return 'All day';
  const hour = (text: string, other: string) =>
    text.startsWith(dayName(day)) ? text.slice(11, 16) : other;
  return `${hour(start, '…')}–${hour(end, '…')}`;
}
