/** The people that the person works with, as Graph ranks them. */
import { z } from 'zod';
import type { Graph, GraphPage } from './graph.ts';
import { optionalText } from './graph-fields.ts';
import type { PageStart } from './next-page.ts';

const personSchema = z.object({
  id: z.string(),
  displayName: optionalText,
  jobTitle: optionalText,
  department: optionalText,
  companyName: optionalText,
  /** The first address. */
  scoredEmailAddresses: z
    .array(z.object({ address: optionalText }))
    .nullish()
    .transform((addresses) => addresses?.[0]?.address),
});
export type Person = z.output<typeof personSchema>;

const PAGE = '24';

/** The nearest first. @throws {SignInRequired} no consent to People.Read. */
export function readPeople(graph: Graph, start?: PageStart): Promise<GraphPage<Person>> {
  const query = { $top: PAGE };
  return graph.list(personSchema, { path: '/me/people', permission: 'People.Read', query, start });
}
