/** `GET /profile` and `GET /profile/photo`: the person signed in, as Microsoft Graph knows them. */
import {
  MANAGER_PERMISSION,
  REPORTS_PERMISSION,
  readManager,
  readMe,
  readPhoto,
  readReports,
} from '../../downstream/graph/me.ts';
import type { Middleware, Parts } from '../context.ts';
import { graphOf } from '../graph-of.ts';
import { partsLoader } from '../load-parts.ts';
import { mediaType } from '../media-type.ts';

export function profile(parts: Parts): Middleware {
  return async (ctx) => {
    const graph = graphOf(parts, ctx);
    // Its own failures are the page's: without it there is nothing to show.
    const me = await readMe(graph);
    const load = partsLoader(parts, ctx);
    const [manager, reports] = await Promise.all([
      load({
        scopes: graph.scopes(MANAGER_PERMISSION),
        load: async (signal) => (await readManager(graphOf(parts, ctx, signal))) ?? 'none',
      }),
      load({
        scopes: graph.scopes(REPORTS_PERMISSION),
        load: (signal) => readReports(graphOf(parts, ctx, signal)),
      }),
    ]);
    parts.pages.show(ctx, 'profile', { me, manager, reports });
  };
}

export function profilePhoto(parts: Parts): Middleware {
  return async (ctx) => {
    const photo = await readPhoto(graphOf(parts, ctx));
    if (!photo) return ctx.throw(404);
    ctx.set('Content-Type', mediaType(photo.headers['content-type']).header);
    ctx.set('Content-Disposition', 'inline');
    ctx.body = photo.body;
  };
}
