/** Graph's people: the caller, their photo, their manager and reports, colleagues and all users. */
import type Koa from 'koa';
import { admit } from '../bearer.ts';
import { findUser, homeTenant, type User, users } from '../directory.ts';
import { graphError } from '../graph-error.ts';
import { drawPortrait } from '../portrait.ts';
import { graph } from '../resources.ts';
import { endBrowserSessions, revokeRefreshTokens } from '../revoke-sessions.ts';
import { answerList, directoryPages, type Entity, mailboxPages, selected } from './entity-list.ts';
import type { GraphPaths } from './graph-paths.ts';
import { limited } from './limited.ts';

function profile(user: User): Entity {
  const [givenName, surname] = user.name.split(' ');
  const personal = homeTenant(user).kind === 'personal';
  return {
    businessPhones: personal ? [] : ['+44 20 7946 0018'],
    displayName: user.name,
    givenName,
    jobTitle: user.jobTitle,
    mail: personal ? null : user.username,
    mobilePhone: null,
    officeLocation: user.city,
    preferredLanguage: personal ? null : 'en-GB',
    surname,
    userPrincipalName: user.username,
    id: user.id,
  };
}

const asObject = (user: User): Entity => ({
  '@odata.type': '#microsoft.graph.user',
  ...profile(user),
});

const colleaguesOf = (tenantId: string): Entity[] =>
  users.filter(({ homeTenantId }) => homeTenantId === tenantId).map(profile);

/** Adds `/me` and what hangs on it, and `/users`. */
export function addPeople(paths: GraphPaths): void {
  const { router, state } = paths;
  const metadata = `${state.url.href}graph/v1.0/$metadata#`;
  const readsOthers = ['User.ReadBasic.All', 'User.Read.All', 'Directory.Read.All'];

  paths.add('get', '/me', ['User.Read'], (ctx, { user }) => {
    ctx.body = { '@odata.context': `${metadata}users/$entity`, ...selected(ctx, profile(user)) };
  });
  paths.add('get', '/me/photo/\\$value', ['User.Read'], (ctx, { user }) => {
    if (!user.hasPhoto) {
      const message =
        "Exception of type 'Microsoft.Fast.Profile.Core.Exception.ImageNotFoundException' was thrown.";
      graphError(ctx, state, 404, 'ImageNotFound', message);
      return;
    }
    ctx.type = 'image/png';
    ctx.set('etag', `"${user.id}"`);
    ctx.body = drawPortrait(user.hue);
  });
  paths.add('get', '/me/manager', ['User.Read.All', 'Directory.Read.All'], (ctx, { user }) => {
    const manager = findUser(user.manager ?? '');
    if (!manager) {
      const message =
        "Resource 'manager' does not exist or one of its queried reference-property objects are not present.";
      graphError(ctx, state, 404, 'Request_ResourceNotFound', message);
      return;
    }
    const context = `${metadata}directoryObjects/$entity`;
    ctx.body = { '@odata.context': context, ...selected(ctx, asObject(manager)) };
  });
  paths.add('get', '/me/directReports', ['User.Read', ...readsOthers], (ctx, { user, may }) => {
    const reports = users.filter(({ manager }) => manager === user.username).map(asObject);
    const shown = may(...readsOthers) ? reports : reports.map(limited);
    answerList(ctx, state, shown, { ...directoryPages, context: 'directoryObjects' });
  });
  paths.add('get', '/me/people', ['People.Read'], (ctx, { user }) => {
    const context = `users('${user.id}')/people`;
    answerList(ctx, state, colleaguesOf(user.homeTenantId), { ...mailboxPages, context });
  });
  paths.add('post', '/me/revokeSignInSessions', ['User.RevokeSessions.All'], (ctx, { user }) => {
    revokeRefreshTokens(state, user);
    endBrowserSessions(state, user);
    ctx.body = { '@odata.context': `${metadata}Edm.Boolean`, value: true };
  });
  router.get('/graph/v1.0/users', async (ctx: Koa.Context) => {
    const door = { scopes: readsOthers, roles: readsOthers };
    const claims = await admit(ctx, state, 'graph', graph, door);
    if (claims) {
      answerList(ctx, state, colleaguesOf(claims.tid), { ...directoryPages, context: 'users' });
    }
  });
}
