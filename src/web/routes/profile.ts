/** `GET /profile` and `GET /profile/photo`: the person signed in, as Microsoft Graph knows them. */
import type { DownstreamApi } from '../../config/settings.ts';
import { findGraph, readMe, readPhoto } from '../../downstream/graph.ts';
import { type Context, type Middleware, type Parts, signedIn } from '../context.ts';
import { mediaType } from '../media-type.ts';

export function profile({ settings, apiClient, pages }: Parts): Middleware {
  return async (ctx) => {
    const graph = graphOrNotFound(ctx, settings.downstreamApis);
    const { correlationId } = ctx.state;
    const me = await readMe(apiClient, graph, signedIn(ctx), { correlationId });
    pages.show(ctx, 'profile', { me });
  };
}

export function profilePhoto({ settings, apiClient }: Parts): Middleware {
  return async (ctx) => {
    const graph = graphOrNotFound(ctx, settings.downstreamApis);
    const { correlationId } = ctx.state;
    const photo = await readPhoto(apiClient, graph, signedIn(ctx), { correlationId });
    if (!photo) return ctx.throw(404);
    ctx.set('Content-Type', mediaType(photo.headers['content-type']).header);
    ctx.set('Content-Disposition', 'inline');
    ctx.body = photo.body;
  };
}

/** The API section that Graph pages use; without one there are no such pages. */
export function graphOrNotFound(ctx: Context, apis: readonly DownstreamApi[]): DownstreamApi {
  return findGraph(apis) ?? ctx.throw(404);
}
