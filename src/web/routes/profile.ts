/** `GET /profile` and `GET /profile/photo`: the person signed in, as Microsoft Graph knows them. */
import { readMe, readPhoto } from '../../downstream/graph/me.ts';
import type { Middleware, Parts } from '../context.ts';
import { graphOf } from '../graph-of.ts';
import { mediaType } from '../media-type.ts';

export function profile(parts: Parts): Middleware {
  return async (ctx) => {
    parts.pages.show(ctx, 'profile', { me: await readMe(graphOf(parts, ctx)) });
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
