/** The host of files beside Graph: its addresses carry their own permission, and it refuses tokens. */
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { users } from './directory.ts';
import { isGenuine } from './download-url.ts';
import { etagOf, findItem } from './drive-items.ts';
import { sendContent } from './file-bytes.ts';
import { graphError } from './graph-error.ts';
import type { SandboxState } from './sandbox-state.ts';
import { progressOf, takePart } from './upload-session.ts';

/** Adds `/files`, which answers 401 to every request that brings a token along. */
export function addFileHost(router: Router, state: SandboxState): void {
  const unauthenticated = (ctx: Koa.Context) =>
    graphError(ctx, state, 401, 'unauthenticated', 'The caller is not authenticated.');

  router.all('/files/{*rest}', (ctx: Koa.Context, next) =>
    ctx.get('authorization') ? unauthenticated(ctx) : next(),
  );
  router.all('/files/uploads/:id', async (ctx: Koa.Context) => {
    const id: string = ctx['params'].id;
    const upload = state.uploadSessions.get(id);
    if (!upload || upload.expiresAt <= state.now()) {
      return graphError(ctx, state, 404, 'itemNotFound', 'The upload session was not found.');
    }
    if (ctx.method === 'PUT') return takePart(ctx, state, id, upload);
    if (ctx.method === 'DELETE') {
      state.uploadSessions.delete(id);
      ctx.status = 204;
      return;
    }
    ctx.body = progressOf(upload);
  });
  router.get('/files/:user/:item', (ctx: Koa.Context) => {
    const user = users.find(({ id }) => id === ctx['params'].user);
    const item = user && findItem(state, user, ctx['params'].item);
    const tempauth = ctx.URL.searchParams.get('tempauth') ?? '';
    if (!item || !isGenuine(state, user, item, tempauth)) return unauthenticated(ctx);
    if (item.mimeType === undefined || item.sha256 !== undefined) {
      return graphError(ctx, state, 404, 'itemNotFound', 'The item has no content here.');
    }
    ctx.attachment(item.name);
    sendContent(ctx, { size: item.size, etag: etagOf(item), type: item.mimeType });
  });
}
