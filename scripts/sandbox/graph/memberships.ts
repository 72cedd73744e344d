/** Graph's memberships of the caller: lists of groups, and questions about them. */
import type Koa from 'koa';
import { z } from 'zod';
import type { User } from '../directory.ts';
import { graphError } from '../graph-error.ts';
import { directGroupsOf, type Group, groupsOf } from '../groups.ts';
import { guidOf } from '../guid-of.ts';
import { readJson } from '../read-json.ts';
import { answerList, directoryPages, type Entity } from './entity-list.ts';
import type { GraphPaths } from './graph-paths.ts';
import { limited } from './limited.ts';

const asGroup = ({ id, name, securityEnabled }: Group): Entity => ({
  '@odata.type': '#microsoft.graph.group',
  id,
  displayName: name,
  description: null,
  groupTypes: securityEnabled ? [] : ['Unified'],
  mailEnabled: !securityEnabled,
  securityEnabled,
});

function rolesOf(user: User): Entity[] {
  if (!user.isAdministrator) return [];
  return [
    {
      '@odata.type': '#microsoft.graph.directoryRole',
      id: guidOf('role', user.homeTenantId),
      displayName: 'Global Administrator',
    },
  ];
}

const memberBody = z.object({ securityEnabledOnly: z.boolean() });
const checkBody = z.object({ groupIds: z.array(z.guid()).min(1).max(20) });

/** Adds `memberOf`, `transitiveMemberOf`, `getMemberGroups` and `checkMemberGroups`. */
export function addMemberships(paths: GraphPaths): void {
  const { state } = paths;
  const readsGroups = ['GroupMember.Read.All', 'Directory.Read.All'];
  const scopes = ['User.Read', ...readsGroups];
  for (const [name, find] of [
    ['memberOf', directGroupsOf],
    ['transitiveMemberOf', groupsOf],
  ] as const) {
    paths.add('get', `/me/${name}`, scopes, (ctx, { user, may }) => {
      const objects = [...rolesOf(user), ...find(user).map(asGroup)];
      const shown = may(...readsGroups) ? objects : objects.map(limited);
      answerList(ctx, state, shown, { ...directoryPages, context: 'directoryObjects' });
    });
    paths.add('get', `/me/${name}/microsoft.graph.group`, scopes, (ctx, { user, may }) => {
      const groups = find(user).map(asGroup);
      const shown = (may(...readsGroups) ? groups : groups.map(limited)).map(
        ({ '@odata.type': _type, ...rest }) => rest,
      );
      answerList(ctx, state, shown, { ...directoryPages, context: 'groups' });
    });
  }
  const answerIds = (ctx: Koa.Context, ids: readonly string[]) => {
    ctx.body = {
      '@odata.context': `${state.url.href}graph/v1.0/$metadata#Collection(Edm.String)`,
      value: ids,
    };
  };
  const refuse = (ctx: Koa.Context, message: string) =>
    graphError(ctx, state, 400, 'Request_BadRequest', message);

  paths.add('post', '/me/getMemberGroups', scopes, async (ctx, { user }) => {
    const body = memberBody.safeParse(await readJson(ctx));
    if (!body.success) return refuse(ctx, 'The parameter securityEnabledOnly is missing.');
    const wanted = groupsOf(user).filter(
      ({ securityEnabled }) => securityEnabled || !body.data.securityEnabledOnly,
    );
    answerIds(
      ctx,
      wanted.map(({ id }) => id),
    );
  });
  paths.add('post', '/me/checkMemberGroups', scopes, async (ctx, { user }) => {
    const body = checkBody.safeParse(await readJson(ctx));
    if (!body.success) return refuse(ctx, 'Invalid groupIds: between 1 and 20 ids are taken.');
    const own = groupsOf(user).map(({ id }) => id);
    answerIds(
      ctx,
      body.data.groupIds.filter((id) => own.includes(id)),
    );
  });
}
