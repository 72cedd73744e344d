/** The groups that the person is in, named for a page or by their ids alone. */
import { z } from 'zod';
import type { Graph, GraphPage } from './graph.ts';
import { optionalText } from './graph-fields.ts';
import type { PageStart } from './next-page.ts';

const groupSchema = z.object({
  id: z.string(),
  /** Null without a permission that an administrator consents to. */
  displayName: optionalText,
  description: optionalText,
  mail: optionalText,
});
export type Group = z.output<typeof groupSchema>;

const idsSchema = z.object({ value: z.array(z.string()) });
/** Graph takes no more in one question. */
export const MAX_CHECKED_GROUPS = 20;

const PAGE = '50';
/** Graph casts to groups with this only (https://learn.microsoft.com/graph/aad-advanced-queries). */
const castingHeaders = { ConsistencyLevel: 'eventual' };

interface GroupChoice {
  readonly start?: PageStart | undefined;
  /** Whether names are wanted, too; then an administrator has to have consented. */
  readonly named?: boolean;
}

/** The groups whose member the person is. Without `named` there may be ids alone. */
export function readGroups(
  graph: Graph,
  { start, named = false }: GroupChoice = {},
): Promise<GraphPage<Group>> {
  return graph.list(groupSchema, {
    path: '/me/memberOf/microsoft.graph.group',
    permission: named ? 'GroupMember.Read.All' : 'User.Read',
    headers: castingHeaders,
    query: { $count: 'true', $top: PAGE },
    start,
  });
}

/**
 * Those of `ids`, in lower case and at most 20, that the person is in, groups within groups included.
 *
 * One short answer, however many groups there are: lists of them come in pages, and end at 11,000
 * (https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups).
 */
export async function checkGroups(
  graph: Graph,
  ids: readonly string[],
): Promise<readonly string[]> {
  const read = { path: '/me/checkMemberGroups', permission: 'User.Read' };
  const { value } = await graph.ask(idsSchema, read, { groupIds: ids });
  const own = new Set(value.map((id) => id.toLowerCase()));
  return ids.filter((id) => own.has(id));
}
