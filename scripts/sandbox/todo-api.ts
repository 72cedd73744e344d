/** A second API with its own audience: a list of to-dos for each person. */

import { createHash } from 'node:crypto';
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { z } from 'zod';
import { admit, authorise } from './bearer.ts';
import { type User, users } from './directory.ts';
import { notModified } from './file-bytes.ts';
import { graphError } from './graph-error.ts';
import { readJson } from './read-json.ts';
import { todos } from './resources.ts';
import type { SandboxState } from './sandbox-state.ts';
import { type Todo, TodoLists } from './todo-lists.ts';

const created = z.object({ title: z.string().trim().min(1).max(200) });
const changed = z.object({ title: created.shape.title.optional(), done: z.boolean().optional() });

const etagOf = ({ id, version }: Todo): string => `"${id}-${version}"`;

const listEtag = (list: readonly Todo[]): string =>
  `"${createHash('sha256').update(list.map(etagOf).join()).digest('base64url')}"`;

const shown = (todo: Todo) => ({ ...todo, version: undefined, etag: etagOf(todo) });

/** Adds `/todo/todos`, and for applications alone `/todo/all` and `/todo/users/{id}/todos`. */
export function addTodoApi(router: Router, state: SandboxState): void {
  const lists = new TodoLists(state.now);
  const badBody = (ctx: Koa.Context) =>
    graphError(ctx, state, 400, 'BadRequest', 'The body is not what this call takes.');
  const write = ['Todos.ReadWrite'];
  const forApps = { scopes: [], roles: ['Todos.Read.All'] };

  const answerTodo = (ctx: Koa.Context, todo: Todo) => {
    ctx.set('etag', etagOf(todo));
    ctx.body = shown(todo);
  };
  /** The to-do that the path names, in the version that `If-Match` names, or the answer is 404 or 412. */
  const wanted = (ctx: Koa.Context, user: User): Todo | undefined => {
    const todo = lists.find(user, ctx['params'].id);
    const version = ctx.get('if-match');
    if (!todo) graphError(ctx, state, 404, 'ItemNotFound', 'There is no such to-do.');
    else if (version !== '' && version !== '*' && version !== etagOf(todo)) {
      graphError(ctx, state, 412, 'PreconditionFailed', 'The to-do has changed since.');
    } else return todo;
    return undefined;
  };

  router.get('/todo/todos', async (ctx: Koa.Context) => {
    const user = await authorise(ctx, state, 'todo', todos, ['Todos.Read', ...write]);
    if (!user || notModified(ctx, listEtag(lists.of(user)))) return;
    ctx.body = { value: lists.of(user).map(shown) };
  });
  router.get('/todo/todos/:id', async (ctx: Koa.Context) => {
    const user = await authorise(ctx, state, 'todo', todos, ['Todos.Read', ...write]);
    const todo = user && wanted(ctx, user);
    if (todo && !notModified(ctx, etagOf(todo))) answerTodo(ctx, todo);
  });
  router.get('/todo/users/:id/todos', async (ctx: Koa.Context) => {
    const claims = await admit(ctx, state, 'todo', todos, forApps);
    if (!claims) return;
    const user = users.find(
      ({ id, homeTenantId }) => id === ctx['params'].id && homeTenantId === claims.tid,
    );
    if (!user) return graphError(ctx, state, 404, 'ItemNotFound', 'There is no such person.');
    ctx.body = { value: lists.of(user).map(shown) };
  });
  router.get('/todo/all', async (ctx: Koa.Context) => {
    const claims = await admit(ctx, state, 'todo', todos, forApps);
    if (!claims) return;
    const people = users.filter(({ homeTenantId }) => homeTenantId === claims.tid);
    const value = people.flatMap((user) =>
      lists.of(user).map((todo) => ({ ...shown(todo), owner: user.username })),
    );
    ctx.body = { value };
  });
  router.post('/todo/todos', async (ctx: Koa.Context) => {
    const user = await authorise(ctx, state, 'todo', todos, write);
    if (!user) return;
    const body = created.safeParse(await readJson(ctx));
    if (!body.success) return badBody(ctx);
    ctx.status = 201;
    answerTodo(ctx, lists.add(user, body.data.title));
  });
  router.patch('/todo/todos/:id', async (ctx: Koa.Context) => {
    const user = await authorise(ctx, state, 'todo', todos, write);
    if (!user) return;
    const body = changed.safeParse(await readJson(ctx));
    const todo = wanted(ctx, user);
    if (!todo) return;
    if (!body.success) return badBody(ctx);
    const { title = todo.title, done = todo.done } = body.data;
    answerTodo(ctx, lists.change(user, todo, { title, done }));
  });
  router.delete('/todo/todos/:id', async (ctx: Koa.Context) => {
    const user = await authorise(ctx, state, 'todo', todos, write);
    const todo = user && wanted(ctx, user);
    if (!user || !todo) return;
    lists.remove(user, todo);
    ctx.status = 204;
  });
}
