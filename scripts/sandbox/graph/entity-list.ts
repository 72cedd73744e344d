/** Lists of Graph entities: `$top`, `$select` and pages that lead to the next. */
import type Koa from 'koa';
import { graphError } from '../graph-error.ts';
import type { SandboxState } from '../sandbox-state.ts';

export type Entity = Readonly<Record<string, unknown>>;

/** How one list pages. */
export interface ListRules {
  /** What `@odata.context` names after `$metadata#`. */
  readonly context: string;
  readonly top: number;
  readonly maxTop: number;
  /** Whether a larger `$top` is brought down, as mail does, or refused, as the directory does. */
  readonly clamps: boolean;
  /** The parameter that next links carry; callers may give `$skip` alone themselves. */
  readonly pagesBy: '$skip' | '$skiptoken';
  /** The code of a refusal. */
  readonly code: string;
}

export const directoryPages = {
  top: 100,
  maxTop: 999,
  clamps: false,
  pagesBy: '$skiptoken',
  code: 'Request_UnsupportedQuery',
} as const;

export const mailboxPages = {
  top: 10,
  maxTop: 1000,
  clamps: true,
  pagesBy: '$skip',
  code: 'ErrorInvalidUrlQuery',
} as const;

function whole(ctx: Koa.Context, name: string, absent: number): number | undefined {
  const text = ctx.URL.searchParams.get(name);
  if (text === null) return absent;
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

/** Where a page begins: tokens are opaque to callers, and refused when they are none of ours. */
function startOf(ctx: Koa.Context, { pagesBy }: ListRules): number | undefined {
  if (pagesBy === '$skip') return whole(ctx, '$skip', 0);
  if (ctx.URL.searchParams.has('$skip')) return undefined;
  const token = ctx.URL.searchParams.get('$skiptoken');
  if (token === null) return 0;
  const start = Buffer.from(token, 'base64url')
    .toString()
    .match(/^from (\d+)$/)?.[1];
  return start === undefined ? undefined : Number(start);
}

/** An entity with the properties that `$select` names; `id` and OData's annotations are always there. */
export function selected(ctx: Koa.Context, entity: Entity): Entity {
  const select = ctx.URL.searchParams.get('$select')?.split(',').filter(Boolean);
  if (!select) return entity;
  return Object.fromEntries(
    Object.entries(entity).filter(
      ([key]) => key.startsWith('@odata.') || ['id', ...select].includes(key),
    ),
  );
}

/** Answers with one page of `entities`. */
export function answerList(
  ctx: Koa.Context,
  state: SandboxState,
  entities: readonly Entity[],
  rules: ListRules,
): void {
  const asked = whole(ctx, '$top', rules.top);
  const start = startOf(ctx, rules);
  const tooMany = asked !== undefined && asked > rules.maxTop && !rules.clamps;
  if (asked === undefined || asked === 0 || tooMany || start === undefined) {
    graphError(ctx, state, 400, rules.code, 'The query $top, $skip or $skiptoken is not valid.');
    return;
  }
  const end = start + Math.min(asked, rules.maxTop);
  const next = new URL(ctx.path, state.url);
  next.search = ctx.search;
  const token = Buffer.from(`from ${end}`).toString('base64url');
  next.searchParams.set(rules.pagesBy, rules.pagesBy === '$skip' ? String(end) : token);
  ctx.body = {
    '@odata.context': `${state.url.href}graph/v1.0/$metadata#${rules.context}`,
    ...(ctx.URL.searchParams.get('$count') === 'true' && { '@odata.count': entities.length }),
    ...(end < entities.length && { '@odata.nextLink': next.href }),
    value: entities.slice(start, end).map((entity) => selected(ctx, entity)),
  };
}
