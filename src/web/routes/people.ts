/** `GET /people`: those the person works with; consent is asked for here, and nowhere before. */
import { readPeople } from '../../downstream/graph/people.ts';
import type { Middleware, Parts } from '../context.ts';
import { graphOf } from '../graph-of.ts';
import { initialsOf } from '../initials.ts';
import { nextPath, startOf } from '../page-links.ts';

export function people(parts: Parts): Middleware {
  return async (ctx) => {
    const start = startOf(ctx);
    const { items, next } = await readPeople(graphOf(parts, ctx), start);
    parts.pages.show(ctx, 'people', {
      people: items.map((person) => ({
        ...person,
        initials: initialsOf(person.displayName ?? ''),
        work: [person.jobTitle, person.department ?? person.companyName].filter(Boolean).join(', '),
      })),
      isFirst: start === undefined,
      firstPath: '/people',
      nextPath: nextPath('/people', next),
    });
  };
}
