/** Lets only members of a group on to a route. */
import { MAX_CHECKED_GROUPS } from '../../downstream/graph/groups.ts';
import { Forbidden } from '../../errors.ts';
import { isGuid } from '../../tenant-id.ts';
import { type Middleware, signedIn } from '../context.ts';

/**
 * Any one of the groups will do, directly or through other groups; two of these one after the other
 * want both. Groups are named by their object ids, as names change and are not unique. Whoever is not
 * signed in is led to the authority and back; where it cannot be found out, nobody is let in or
 * refused, and the answer is 503.
 *
 * @throws {TypeError} when the route is made: what is named is no object id, or they are too many.
 */
export function requireGroup(first: string, ...others: readonly string[]): Middleware {
  const groups = [...new Set([first, ...others].map((id) => id.toLowerCase()))];
  const odd = groups.find((id) => !isGuid(id));
  if (odd !== undefined) {
    throw new TypeError(`requireGroup: '${odd}' is no object id; names of groups may change`);
  }
  if (groups.length > MAX_CHECKED_GROUPS) {
    throw new TypeError(`requireGroup: at most ${MAX_CHECKED_GROUPS}; put them into one group`);
  }
  return async (ctx, next) => {
    signedIn(ctx);
    if (!(await ctx.state.memberships.isInAny(ctx, groups))) throw lacking(groups);
    await next();
  };
}

function lacking(groups: readonly string[]): Forbidden {
  const named = groups.length === 1 ? `the group ${groups[0]}` : `one of ${groups.join(', ')}`;
  return new Forbidden(`This is for members of ${named}, and your account is not one.`, {
    missing: { groups },
  });
}
