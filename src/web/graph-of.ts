/** Microsoft Graph for the person signed in: what the Graph pages call. */

import type { Settings } from '../config/settings.ts';
import { Graph } from '../downstream/graph/graph.ts';
import { findGraph } from '../downstream/graph/graph-section.ts';
import { goneSignal } from './api.ts';
import { type Context, signedIn } from './context.ts';

interface GraphSettings {
  readonly settings: Pick<Settings, 'downstreamApis'>;
}

/** Calls end when the browser goes away, or `signal` says so. 404 without a section for Graph. */
export function graphOf(
  { settings }: GraphSettings,
  ctx: Context,
  signal: AbortSignal = goneSignal(ctx),
): Graph {
  const section = findGraph(settings.downstreamApis) ?? ctx.throw(404);
  const { apiClient: client, correlationId } = ctx.state;
  return new Graph({ client, section, caller: signedIn(ctx), request: { correlationId, signal } });
}
