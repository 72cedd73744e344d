/** `GET /again/:id`: a form that was held back, with what was written in it, to be sent again. */
import type { RouterContext } from '@koa/router';
import { type Parts, signedIn, type WebContext, type WebState } from '../context.ts';

export function again({ cookies, heldForms, pages }: Parts) {
  return async (ctx: RouterContext<WebState, WebContext>) => {
    const { id } = signedIn(ctx);
    const browserId = cookies.readId(ctx, 'transaction');
    const form = await heldForms.find(ctx.params['id'] ?? '', browserId, id);
    if (!form) return ctx.throw(404);
    const { path, fields } = form;
    pages.show(ctx, 'again', {
      action: path,
      fields: fields.map(([name, value]) => ({ name, value })),
    });
  };
}
