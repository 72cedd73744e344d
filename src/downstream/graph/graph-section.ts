/** Finds the section of Microsoft Graph, and spells its permissions as that section does. */
import type { DownstreamApi } from '../../config/settings.ts';

/** The section that Graph pages use: the first whose name begins with "Graph", in any case. */
export function findGraph(apis: readonly DownstreamApi[]): DownstreamApi | undefined {
  return apis.find(({ name }) => name.toLowerCase().startsWith('graph'));
}

/**
 * The scopes for one Graph permission, written with the resource prefix that the section uses.
 *
 * A section that asks for `.default` relies on consent given beforehand, and is not mixed with
 * named permissions, which the authority refuses.
 */
export function graphScopes(graph: DownstreamApi, permission: string): readonly string[] {
  if (graph.scopes.some((scope) => /(^|\/)\.default$/.test(scope))) return graph.scopes;
  const prefixed = graph.scopes.find((scope) => scope.includes('/')) ?? '';
  return [`${prefixed.slice(0, prefixed.lastIndexOf('/') + 1)}${permission}`];
}
