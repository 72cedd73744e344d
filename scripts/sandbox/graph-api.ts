/** A small Microsoft Graph: the person, their photo, mail, calendar and colleagues. */
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { admit, authorise } from './bearer.ts';
import { homeTenant, type User, users } from './directory.ts';
import { graphError } from './graph-error.ts';
import { eventsOf, messagesOf } from './mailbox.ts';
import { drawPortrait } from './portrait.ts';
import { graph } from './resources.ts';
import { endBrowserSessions, revokeRefreshTokens } from './revoke-sessions.ts';
import type { SandboxState } from './sandbox-state.ts';

type Entity = Readonly<Record<string, unknown>>;

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

function count(ctx: Koa.Context, name: string, absent: number): number | undefined {
  const text = ctx.URL.searchParams.get(name);
  if (text === null) return absent;
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}

/** Answers with a page of `entities`, by `$top`, `$skip` and `$select`. */
function answerList(
  ctx: Koa.Context,
  state: SandboxState,
  entities: readonly Entity[],
  name: string,
): void {
  const [top, skip] = [count(ctx, '$top', 10), count(ctx, '$skip', 0)];
  if (top === undefined || top === 0 || top > 1000 || skip === undefined) {
    graphError(ctx, state, 400, 'ErrorInvalidUrlQuery', 'The query $top or $skip is not valid.');
    return;
  }
  const select = ctx.URL.searchParams.get('$select')?.split(',').filter(Boolean);
  const page = entities.slice(skip, skip + top).map((entity) => {
    if (!select) return entity;
    return Object.fromEntries(
      Object.entries(entity).filter(([key]) => ['id', '@odata.etag', ...select].includes(key)),
    );
  });
  const next = new URL(ctx.path, state.url);
  next.search = ctx.search;
  next.searchParams.set('$skip', String(skip + top));
  ctx.body = {
    '@odata.context': `${state.url.href}graph/v1.0/$metadata#users('me')/${name}`,
    value: page,
    ...(skip + top < entities.length && { '@odata.nextLink': next.href }),
  };
}

/** Adds `/graph/v1.0`. */
export function addGraphApi(router: Router, state: SandboxState): void {
  const add = (
    path: string,
    scopes: readonly string[],
    answer: (ctx: Koa.Context, user: User) => void,
  ) => {
    router.get(`/graph/v1.0${path}`, async (ctx: Koa.Context) => {
      const user = await authorise(ctx, state, 'graph', graph, scopes);
      if (user) answer(ctx, user);
    });
  };
  const context = `${state.url.href}graph/v1.0/$metadata#users/$entity`;
  add('/me', ['User.Read'], (ctx, user) => {
    ctx.body = { '@odata.context': context, ...profile(user) };
  });
  add('/me/photo/\\$value', ['User.Read'], (ctx, user) => {
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
  add('/me/messages', ['Mail.Read'], (ctx, user) => {
    answerList(ctx, state, messagesOf(user, state.now()), 'messages');
  });
  add('/me/events', ['Calendars.Read'], (ctx, user) => {
    answerList(ctx, state, eventsOf(user, state.now()), 'events');
  });
  add('/me/calendarView', ['Calendars.Read'], (ctx, user) => {
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
    answerList(ctx, state, inside, 'calendarView');
  });
  router.post('/graph/v1.0/me/revokeSignInSessions', async (ctx: Koa.Context) => {
    const user = await authorise(ctx, state, 'graph', graph, ['User.RevokeSessions.All']);
    if (!user) return;
    revokeRefreshTokens(state, user);
    endBrowserSessions(state, user);
    ctx.body = {
      '@odata.context': `${state.url.href}graph/v1.0/$metadata#Edm.Boolean`,
      value: true,
    };
  });
  const peopleOf = (tenantId: string) =>
    users.filter(({ homeTenantId }) => homeTenantId === tenantId).map(profile);
  add('/me/people', ['People.Read'], (ctx, user) => {
    answerList(ctx, state, peopleOf(user.homeTenantId), 'people');
  });
  const basic = ['User.ReadBasic.All'];
  router.get('/graph/v1.0/users', async (ctx: Koa.Context) => {
    const claims = await admit(ctx, state, 'graph', graph, { scopes: basic, roles: basic });
    if (claims) answerList(ctx, state, peopleOf(claims.tid), 'users');
  });
  router.all('/graph/{*rest}', (ctx: Koa.Context) => {
    graphError(ctx, state, 404, 'ResourceNotFound', 'Resource could not be discovered.');
  });
}
