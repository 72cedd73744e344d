/** The to-do API's long answers and long bodies: events without end, files of any size, slow uploads. */
import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { authorise } from './bearer.ts';
import { sendContent, swallow } from './file-bytes.ts';
import { graphError } from './graph-error.ts';
import { todos } from './resources.ts';
import type { SandboxState } from './sandbox-state.ts';

/** A whole number of the query, or what stands for none; `undefined` if it is no number. */
function numberOf(ctx: Koa.Context, name: string, absent: number): number | undefined {
  const text = ctx.URL.searchParams.get(name);
  if (text === null) return absent;
  return /^[1-9]\d{0,11}$/.test(text) ? Number(text) : undefined;
}

/** One event at once and then one every `everyMs`, until the caller goes away. */
function sendEvents(ctx: Koa.Context, state: SandboxState, everyMs: number): void {
  const stream = new PassThrough();
  let count = 0;
  const send = () => {
    // A caller that does not read is sent no more, so that nothing piles up.
    if (stream.writableNeedDrain) return;
    count += 1;
    stream.write(`id: ${count}\nevent: todo\ndata: ${JSON.stringify({ count })}\n\n`);
  };
  const timer = setInterval(send, everyMs);
  state.openStreams += 1;
  stream.once('close', () => {
    clearInterval(timer);
    state.openStreams -= 1;
  });
  ctx.type = 'text/event-stream';
  ctx.set('cache-control', 'no-store');
  ctx.body = stream;
  send();
}

/** Holds a body back to so many bytes a second. */
function pace(bytesPerSecond: number): (size: number) => Promise<void> {
  const startedAt = performance.now();
  return async (size) => {
    const early = (size / bytesPerSecond) * 1000 - (performance.now() - startedAt);
    if (early > 0) await delay(early);
  };
}

/** Adds `/todo/todos/events`, `/todo/files/{bytes}` and `/todo/uploads`. */
export function addTodoStreams(router: Router, state: SandboxState): void {
  const read = ['Todos.Read', 'Todos.ReadWrite'];
  const refuse = (ctx: Koa.Context) =>
    graphError(ctx, state, 400, 'BadRequest', 'A number of the query or the path is not valid.');

  router.get('/todo/todos/events', async (ctx: Koa.Context) => {
    if (!(await authorise(ctx, state, 'todo', todos, read))) return;
    const everyMs = numberOf(ctx, 'everyMs', 1000);
    if (everyMs === undefined) return refuse(ctx);
    sendEvents(ctx, state, everyMs);
  });
  router.get('/todo/files/:bytes', async (ctx: Koa.Context) => {
    if (!(await authorise(ctx, state, 'todo', todos, read))) return;
    const size: string = ctx['params'].bytes;
    if (!/^\d{1,13}$/.test(size)) return refuse(ctx);
    const content = { size: Number(size), etag: `"${size}"`, type: 'application/octet-stream' };
    sendContent(ctx, content);
  });
  const upload = async (ctx: Koa.Context) => {
    if (!(await authorise(ctx, state, 'todo', todos, ['Todos.ReadWrite']))) return;
    const bytesPerSecond = numberOf(ctx, 'bytesPerSecond', Number.POSITIVE_INFINITY);
    if (bytesPerSecond === undefined) return refuse(ctx);
    const received = await swallow(ctx, createHash('sha256'), pace(bytesPerSecond));
    ctx.status = 201;
    ctx.body = received;
  };
  router.post('/todo/uploads', upload);
  router.put('/todo/uploads', upload);
}
