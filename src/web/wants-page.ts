/** Tells a person's navigation from a script's fetch: one is redirected, the other is answered. */
import type { Context } from './context.ts';

/** Whether the answer is shown to a person; a script gets a problem document (RFC 9457) instead. */
export function wantsPage(ctx: Context): boolean {
  if (ctx.path.startsWith('/api/')) return false;
  const destination = ctx.get('Sec-Fetch-Dest');
  if (destination !== '') return destination === 'document';
  const mode = ctx.get('Sec-Fetch-Mode');
  if (mode !== '') return mode === 'navigate';
  if (ctx.get('X-Requested-With') !== '') return false;
  return ctx.accepts('text/html', 'application/json', 'application/problem+json') === 'text/html';
}

/** Whether the browser can be sent elsewhere and back without losing what was asked. */
export function isNavigation(ctx: Context): boolean {
  return wantsPage(ctx) && (ctx.method === 'GET' || ctx.method === 'HEAD');
}
