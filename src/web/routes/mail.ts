/** `GET /mail`: messages, newest first or searched; consent to read mail is asked for here, and nowhere before. */
import { readMessages } from '../../downstream/graph/mail.ts';
import type { Middleware, Parts } from '../context.ts';
import { graphOf } from '../graph-of.ts';
import { nextPath, startOf } from '../page-links.ts';

const A_PAGE = 25;
const MAX_SEARCH = 200;

export function mail(parts: Parts): Middleware {
  return async (ctx) => {
    const asked = new URLSearchParams(ctx.querystring);
    const search = (asked.get('q') ?? '').slice(0, MAX_SEARCH).trim();
    const start = startOf(ctx);
    const graph = graphOf(parts, ctx);
    const { items: messages, next } = await readMessages(graph, { top: A_PAGE, start, search });
    parts.pages.show(ctx, 'mail', {
      messages,
      search,
      unread: messages.filter(({ isRead }) => !isRead).length,
      isFirst: start === undefined,
      nextPath: nextPath('/mail', next, search ? { q: search } : {}),
      firstPath: search ? `/mail?${new URLSearchParams({ q: search })}` : '/mail',
    });
  };
}
