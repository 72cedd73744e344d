/** `GET /apis/:name`: a page that shows what a configured API answers. */
import type { RouterContext } from '@koa/router';
import { type Parts, signedIn, type WebContext, type WebState } from '../context.ts';
import { jsonTable } from '../json-table.ts';
import { jsonText } from '../json-text.ts';

const MAX_SHOWN = 200_000;

export function apis({ apiClient, pages }: Parts) {
  return async (ctx: RouterContext<WebState, WebContext>) => {
    const api = apiClient.find(ctx.params['name'] ?? '');
    // What this site may do by itself is nobody's to look at, nor what a route of its own guards.
    if (!api?.hasPage) ctx.throw(404);
    const { correlationId } = ctx.state;
    const call = { api, path: api.relativePath, correlationId };
    const answer = await apiClient.json(signedIn(ctx), call);
    const { text, isCut } = jsonText(answer, MAX_SHOWN);
    pages.show(ctx, 'api', {
      api: { name: api.name, url: `${api.baseUrl.href.replace(/\/$/, '')}${api.relativePath}` },
      table: jsonTable(answer),
      json: answer === undefined ? 'The answer was empty.' : text,
      isCut,
    });
  };
}
