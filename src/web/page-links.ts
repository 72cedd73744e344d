/** Leads from page to page of a list, by addresses that name nothing but where a page begins. */
import { type PageStart, pageCursor, parseCursor } from '../downstream/graph/next-page.ts';
import type { Context } from './context.ts';

/** Where the page that was asked for begins: `undefined` for the first. 404 for a text that is none. */
export function startOf(ctx: Context): PageStart | undefined {
  const cursor = new URLSearchParams(ctx.querystring).get('page');
  return cursor === null ? undefined : (parseCursor(cursor) ?? ctx.throw(404));
}

/** The address of the page after this one; empty where there is none. */
export function nextPath(
  path: string,
  next: PageStart | undefined,
  query: Readonly<Record<string, string>> = {},
): string {
  return next ? `${path}?${new URLSearchParams({ ...query, page: pageCursor(next) })}` : '';
}
