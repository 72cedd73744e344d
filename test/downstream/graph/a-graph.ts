/** Graph as a page of one person calls it, before a server that plays it. */
import type { DownstreamApi } from '../../../src/config/settings.ts';
import { Graph } from '../../../src/downstream/graph/graph.ts';
import type { ApiLimits } from '../../../src/downstream/limits.ts';
import { aClient, account, anApi } from '../api-rig.ts';

export function aGraph(
  url: URL,
  section: Partial<DownstreamApi> = {},
  limits: Partial<ApiLimits> = {},
) {
  const { client, broker, lines } = aClient(limits);
  const request = { correlationId: 'c-1' };
  const graph = new Graph({ client, section: anApi(url, section), caller: account, request });
  return { graph, broker, lines };
}

/** The query of a request as it arrived. */
export function queryOf(seen: { readonly url: string } | undefined): Record<string, string> {
  return Object.fromEntries(new URL(seen?.url ?? '', 'http://graph.test').searchParams);
}
