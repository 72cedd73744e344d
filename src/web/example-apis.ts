/** What the example page may call: an API of to-dos, and where in Graph a file may be put. */
import type { DownstreamApi } from '../config/settings.ts';
import { matchGatewayRule } from '../downstream/gateway-rules.ts';
import { findGraph } from '../downstream/graph/graph-section.ts';

export interface ExampleApis {
  readonly todosUrl: string;
  readonly canAdd: boolean;
  readonly canChange: boolean;
  readonly canRemove: boolean;
  /** With a star for the file's name; absent where no rule opens it. */
  readonly uploadUrl: string | undefined;
}

const UPLOAD_PATH = '/me/drive/root:/*:/content';

/** `undefined` where no API of the name Todos, in any case, has rules for front-ends. */
export function exampleApis(apis: readonly DownstreamApi[]): ExampleApis | undefined {
  const todos = apis.find(({ name, gateway }) => /^todos$/i.test(name) && gateway.length > 0);
  if (!todos) return undefined;
  const path = todos.relativePath || '/todos';
  const isOpen = (method: string, suffix = '') =>
    matchGatewayRule(todos, method, `${path}${suffix}`) !== undefined;
  const graph = findGraph(apis);
  const canUpload =
    graph && matchGatewayRule(graph, 'PUT', UPLOAD_PATH.replace('*', 'a')) !== undefined;
  return {
    todosUrl: `/api/${todos.name}${path}`,
    canAdd: isOpen('POST'),
    canChange: isOpen('PATCH', '/1'),
    canRemove: isOpen('DELETE', '/1'),
    uploadUrl: canUpload ? `/api/${graph.name}${UPLOAD_PATH}` : undefined,
  };
}
