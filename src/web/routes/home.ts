/** `GET /`: what this is, or the newest of what the person signed in can see. */
import type { DownstreamApi } from '../../config/settings.ts';
import { readCalendar } from '../../downstream/graph/calendar.ts';
import { findGraph, graphScopes } from '../../downstream/graph/graph-section.ts';
import { readMessages } from '../../downstream/graph/mail.ts';
import { type Context, type Middleware, type Parts, signedIn } from '../context.ts';
import { graphOf } from '../graph-of.ts';
import { jsonTable } from '../json-table.ts';
import { partsLoader } from '../load-parts.ts';

const FEW = 3;
const AHEAD_MS = 7 * 24 * 60 * 60_000;
/** What a thing is called, in most APIs. */
const NAMES = ['title', 'subject', 'name', 'displayName'];

export function home(parts: Parts): Middleware {
  const { downstreamApis } = parts.settings;
  const graph = findGraph(downstreamApis);
  const other = downstreamApis.find((api) => api !== graph && api.hasPage);
  return async (ctx) => {
    if (!ctx.state.account) return parts.pages.show(ctx, 'home');
    const load = partsLoader(parts, ctx);
    const from = parts.now();
    const ahead = { from, to: from + AHEAD_MS, top: FEW };
    const [mail, meetings, list] = await Promise.all([
      graph &&
        load({
          scopes: graphScopes(graph, 'Mail.Read'),
          load: (signal) => readMessages(graphOf(parts, ctx, signal), { top: FEW }),
        }),
      graph &&
        load({
          scopes: graphScopes(graph, 'Calendars.Read'),
          load: (signal) => readCalendar(graphOf(parts, ctx, signal), ahead),
        }),
      other &&
        load({ scopes: other.scopes, load: (signal) => readNames(parts, ctx, other, signal) }),
    ]);
    parts.pages.show(ctx, 'home', { mail, meetings, list, listName: other?.name });
  };
}

/** The first few things that an API lists, by their names. */
async function readNames(
  { apiClient }: Parts,
  ctx: Context,
  api: DownstreamApi,
  signal: AbortSignal,
): Promise<{ readonly names: readonly string[] }> {
  const { correlationId } = ctx.state;
  const call = { api, path: api.relativePath, correlationId, signal };
  const table = jsonTable(await apiClient.json(signedIn(ctx), call));
  const column = Math.max(0, table?.columns.findIndex((name) => NAMES.includes(name)) ?? 0);
  return { names: (table?.rows ?? []).slice(0, FEW).map((row) => row[column] ?? '') };
}
