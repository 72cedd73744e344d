/** `GET /files`, `/files/:id` and `/files/:id/content`: the person's folders, and files to take away. */
import type { RouterContext } from '@koa/router';
import { isItemId, readContent, readFolder, readItem } from '../../downstream/graph/files.ts';
import type { Context, Parts, WebContext, WebState } from '../context.ts';
import { fileSize } from '../file-size.ts';
import { setGatewayHeaders } from '../gateway-headers.ts';
import { graphOf } from '../graph-of.ts';
import { nextPath, startOf } from '../page-links.ts';

type FileContext = RouterContext<WebState, WebContext>;

export function folder(parts: Parts) {
  return async (ctx: FileContext) => {
    const id = ctx.params['id'] === undefined ? undefined : idOf(ctx, ctx.params['id']);
    const start = startOf(ctx);
    const opened = await readFolder(graphOf(parts, ctx), { id, start });
    const path = id === undefined ? '/files' : pathOf(id);
    const { name, parentId } = opened;
    parts.pages.show(ctx, 'files', {
      name,
      parentPath: parentId === undefined ? '/files' : pathOf(parentId),
      items: opened.page.items.map(({ folder: inside, file, ...item }) => ({
        ...item,
        isFolder: Boolean(inside),
        size: inside ? '' : fileSize(item.size),
        count: inside?.childCount ?? undefined,
        path: inside ? pathOf(item.id) : file ? `${pathOf(item.id)}/content` : '',
      })),
      isFirst: start === undefined,
      firstPath: path,
      nextPath: nextPath(path, opened.page.next),
    });
  };
}

/**
 * The bytes come from another party, by way of a host that the section names: they are never shown
 * as a page of ours, only saved.
 */
export function fileContent(parts: Parts) {
  return async (ctx: FileContext) => {
    const id = idOf(ctx, ctx.params['id']);
    const graph = graphOf(parts, ctx);
    const { name, file } = await readItem(graph, id);
    if (!file) ctx.throw(404);
    const { headers, body, whole } = await readContent(graph, id);
    ctx.body = whole ?? body;
    setGatewayHeaders(ctx, headers);
    ctx.attachment(name);
  };
}

function idOf(ctx: Context, id: string | undefined): string {
  return id !== undefined && isItemId(id) ? id : ctx.throw(404);
}

function pathOf(id: string): string {
  return `/files/${encodeURIComponent(id)}`;
}
