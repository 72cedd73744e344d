/** Settings that open to the example page what it calls, each write with a permission of its own. */
import { todos } from '../../scripts/sandbox/resources.ts';

export const exampleRules: Readonly<Record<string, string>> = {
  DownstreamApis__Graph__Gateway__3__Methods: 'PUT',
  DownstreamApis__Graph__Gateway__3__Path: '/me/drive/root:/*/content',
  DownstreamApis__Graph__Gateway__3__Scopes: 'Files.ReadWrite',
  DownstreamApis__Todos__Scopes: `${todos.uri}/Todos.Read`,
  DownstreamApis__Todos__Gateway__0__Methods__1: 'HEAD',
  DownstreamApis__Todos__Gateway__1__Methods: 'POST, PATCH, DELETE',
  DownstreamApis__Todos__Gateway__1__Path: '/todos/**',
  DownstreamApis__Todos__Gateway__1__Scopes: `${todos.uri}/Todos.ReadWrite`,
};
