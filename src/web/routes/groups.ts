/** `GET /groups`: the groups that the person is in; their names take an administrator's consent. */
import { readGroups } from '../../downstream/graph/groups.ts';
import type { Middleware, Parts } from '../context.ts';
import { graphOf } from '../graph-of.ts';
import { nextPath, startOf } from '../page-links.ts';

export function groups(parts: Parts): Middleware {
  return async (ctx) => {
    const start = startOf(ctx);
    const named = new URLSearchParams(ctx.querystring).has('names');
    const { items, next } = await readGroups(graphOf(parts, ctx), { start, named });
    parts.pages.show(ctx, 'groups', {
      groups: items,
      isNameless: items.some(({ displayName }) => displayName === undefined),
      canAsk: !named,
      isFirst: start === undefined,
      firstPath: named ? '/groups?names=1' : '/groups',
      nextPath: nextPath('/groups', next, named ? { names: '1' } : {}),
    });
  };
}
