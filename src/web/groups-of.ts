/** The groups that the person signed in belongs to, for a decision of this site. */
import { readGroupIds } from '../downstream/graph/groups.ts';
import type { Context } from './context.ts';
import { type GraphSettings, graphOf } from './graph-of.ts';
import { activeAccount } from './session.ts';

/**
 * The ids of the groups, groups within groups included: as the ID token named them at sign-in; from
 * Graph where it named none, be it that the application is not set up for that, or that there are
 * too many for a token (https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference#groups-overage-claim).
 *
 * The address that such a token gives for its groups is not gone to.
 *
 * @throws {SignInRequired} nobody is signed in, or Graph needs the person.
 * @throws {Unavailable} Graph is away: nothing is known then, and nothing must be opened.
 */
export async function groupsOf(parts: GraphSettings, ctx: Context): Promise<readonly string[]> {
  return activeAccount(ctx.session)?.groups ?? (await readGroupIds(graphOf(parts, ctx)));
}
