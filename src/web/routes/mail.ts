/** `GET /mail`: the newest messages; consent to read mail is asked for here, and nowhere before. */
import { readMessages } from '../../downstream/graph.ts';
import { type Middleware, type Parts, signedIn } from '../context.ts';
import { graphOrNotFound } from './profile.ts';

const NEWEST = 25;

export function mail({ settings, apiClient, pages }: Parts): Middleware {
  return async (ctx) => {
    const graph = graphOrNotFound(ctx, settings.downstreamApis);
    const { correlationId } = ctx.state;
    const options = { top: NEWEST, correlationId };
    const messages = await readMessages(apiClient, graph, signedIn(ctx), options);
    const unread = messages.filter(({ isRead }) => !isRead).length;
    pages.show(ctx, 'mail', { messages, unread });
  };
}
