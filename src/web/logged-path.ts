/** What the log tells of an address: its path, cut, and of a gateway call the API only. */
import type { Context } from './context.ts';

const MAX_LENGTH = 200;

/** Paths at an API name people and things, which are no business of this site's log. */
export function loggedPath({ path }: Context): string {
  const shown = path.replace(/^(\/api\/[^/]*\/).+$/s, '$1…');
  return shown.length > MAX_LENGTH ? `${shown.slice(0, MAX_LENGTH)}…` : shown;
}
