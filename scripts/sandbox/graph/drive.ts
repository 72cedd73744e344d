/** Graph's files of the caller: folders, items, downloads that lead elsewhere, and uploads. */
import type Koa from 'koa';
import { z } from 'zod';
import type { User } from '../directory.ts';
import { downloadUrl } from '../download-url.ts';
import { etagOf, findItem, itemsOf, rootId } from '../drive-items.ts';
import { notModified, swallow } from '../file-bytes.ts';
import { graphError } from '../graph-error.ts';
import { readJson } from '../read-json.ts';
import { finishUpload, openUpload } from '../upload-session.ts';
import { driveItem } from './drive-item.ts';
import { answerList, selected } from './entity-list.ts';
import type { GraphPaths } from './graph-paths.ts';

const pages = {
  top: 200,
  maxTop: 999,
  clamps: true,
  pagesBy: '$skiptoken',
  code: 'invalidRequest',
} as const;

const behaviour = '@microsoft.graph.conflictBehavior';
const sessionBody = z
  .object({ item: z.object({ [behaviour]: z.enum(['rename', 'fail', 'replace']).optional() }) })
  .partial();

/** Adds `/me/drive`. */
export function addDrive(paths: GraphPaths): void {
  const { state } = paths;
  const [read, write] = [['Files.Read', 'Files.ReadWrite'], ['Files.ReadWrite']];
  const context = (user: User) => `users('${user.id}')/drive/root/children`;
  const refuse = (ctx: Koa.Context, status: number, code: string) =>
    graphError(ctx, state, status, code, 'The item could not be found, or the request not read.');

  const answerChildren = (ctx: Koa.Context, user: User, folder: string) => {
    const children = itemsOf(state, user).filter(({ parentId }) => parentId === folder);
    const shown = children.map((item) => driveItem(state, user, item));
    answerList(ctx, state, shown, { ...pages, context: context(user) });
  };
  paths.add('get', '/me/drive/root/children', read, (ctx, { user }) => {
    answerChildren(ctx, user, rootId);
  });
  paths.add('get', '/me/drive/items/:id/children', read, (ctx, { user }) => {
    const id: string = ctx['params'].id;
    const folder = id === rootId || findItem(state, user, id);
    if (!folder) return refuse(ctx, 404, 'itemNotFound');
    if (folder !== true && folder.mimeType !== undefined) return refuse(ctx, 400, 'invalidRequest');
    answerChildren(ctx, user, id);
  });
  paths.add('get', '/me/drive/items/:id', read, (ctx, { user }) => {
    const item = findItem(state, user, ctx['params'].id);
    if (!item) return refuse(ctx, 404, 'itemNotFound');
    if (notModified(ctx, etagOf(item))) return;
    ctx.body = selected(ctx, driveItem(state, user, item));
  });
  paths.add('get', '/me/drive/items/:id/content', read, (ctx, { user }) => {
    const item = findItem(state, user, ctx['params'].id);
    if (item?.mimeType === undefined) return refuse(ctx, 404, 'itemNotFound');
    if (notModified(ctx, etagOf(item))) return;
    ctx.status = 302;
    ctx.set('location', downloadUrl(state, user, item));
    ctx.body = '';
  });
  paths.add('put', '/me/drive/root\\:/:name\\:/content', write, async (ctx, { user }) => {
    finishUpload(ctx, state, user, { name: ctx['params'].name, ...(await swallow(ctx)) });
  });
  const session = '/me/drive/root\\:/:name\\:/createUploadSession';
  paths.add('post', session, write, async (ctx, { user }) => {
    const name: string = ctx['params'].name;
    const given = ctx.request.length ? await readJson(ctx) : {};
    const body = sessionBody.safeParse(given);
    if (!body.success) return refuse(ctx, 400, 'invalidRequest');
    const taken = itemsOf(state, user).some((item) => item.name === name);
    const fails = body.data.item?.[behaviour] === 'fail';
    if (taken && fails) return refuse(ctx, 409, 'nameAlreadyExists');
    ctx.body = openUpload(state, user, name);
  });
}
