/** Paths of the APIs as faults name them: below the root of each, with a star for all that begins so. */
import type { Api, Service } from './faults.ts';

const roots = {
  graph: '/graph/v1.0',
  todo: '/todo',
  files: '/files',
  authority: '',
  'managed-identity': '',
} as const;

/** Whether a request's path is meant by `named`, such as `/me/messages` or `/me/drive*`. */
export function isPath(owner: Api | Service, named: string | undefined, path: string): boolean {
  if (named === undefined) return true;
  const whole = `${roots[owner]}${named}`;
  return whole.endsWith('*') ? path.startsWith(whole.slice(0, -1)) : path === whole;
}
