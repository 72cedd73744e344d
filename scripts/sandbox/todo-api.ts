/** A second API with its own audience: a list of to-dos for each person. */

import { randomUUID } from 'node:crypto';
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { z } from 'zod';
import { admit, authorise } from './bearer.ts';
import { type User, users } from './directory.ts';
import { graphError } from './graph-error.ts';
import { readJson } from './read-json.ts';
import { todos } from './resources.ts';
import type { SandboxState } from './sandbox-state.ts';

interface Todo {
  readonly id: string;
  readonly title: string;
  readonly done: boolean;
  readonly createdAt: string;
}

const created = z.object({ title: z.string().trim().min(1).max(200) });
const changed = z.object({ title: created.shape.title.optional(), done: z.boolean().optional() });

const firstTitles = [
  ['Confirm the delivery slot with the carrier', false],
  ['Send the October figures to finance', true],
  ['Book the meeting room for the supplier visit', false],
  ['Read the new packaging guideline', false],
] as const;

function firstTodos(now: number): Todo[] {
  const hourMs = 3_600_000;
  return firstTitles.map(([title, done], index) => ({
    id: String(index + 1),
    title,
    done,
    createdAt: new Date(now - (index + 1) * 7 * hourMs).toISOString(),
  }));
}

/** Adds `/todo/todos`, and `/todo/users/{id}/todos` for applications alone. */
export function addTodoApi(router: Router, state: SandboxState): void {
  const lists = new Map<string, Todo[]>();
  const listOf = ({ id }: User): Todo[] => {
    const list = lists.get(id) ?? firstTodos(state.now());
    lists.set(id, list);
    return list;
  };
  const badBody = (ctx: Koa.Context) =>
    graphError(ctx, state, 400, 'BadRequest', 'The body is not what this call takes.');
  const write = ['Todos.ReadWrite'];

  router.get('/todo/todos', async (ctx: Koa.Context) => {
    const user = await authorise(ctx, state, 'todo', todos, ['Todos.Read', ...write]);
    if (user) ctx.body = { value: listOf(user) };
  });
  router.get('/todo/users/:id/todos', async (ctx: Koa.Context) => {
    const door = { scopes: [], roles: ['Todos.Read.All'] };
    const claims = await admit(ctx, state, 'todo', todos, door);
    if (!claims) return;
    const user = users.find(
      ({ id, homeTenantId }) => id === ctx['params'].id && homeTenantId === claims.tid,
    );
    if (!user) return graphError(ctx, state, 404, 'ItemNotFound', 'There is no such person.');
    ctx.body = { value: listOf(user) };
  });
  router.post('/todo/todos', async (ctx: Koa.Context) => {
    const user = await authorise(ctx, state, 'todo', todos, write);
    if (!user) return;
    const body = created.safeParse(await readJson(ctx));
    if (!body.success) return badBody(ctx);
    const createdAt = new Date(state.now()).toISOString();
    const todo = { id: randomUUID(), title: body.data.title, done: false, createdAt };
    listOf(user).push(todo);
    ctx.status = 201;
    ctx.body = todo;
  });
  router.patch('/todo/todos/:id', async (ctx: Koa.Context) => {
    const user = await authorise(ctx, state, 'todo', todos, write);
    if (!user) return;
    const body = changed.safeParse(await readJson(ctx));
    const list = listOf(user);
    const index = list.findIndex(({ id }) => id === ctx['params'].id);
    const todo = list[index];
    if (!todo) return graphError(ctx, state, 404, 'ItemNotFound', 'There is no such to-do.');
    if (!body.success) return badBody(ctx);
    const { title = todo.title, done = todo.done } = body.data;
    ctx.body = list[index] = { ...todo, title, done };
  });
}
