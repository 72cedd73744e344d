/** Shows pages: a view with what every page has around it. */

import type { DownstreamApi } from '../config/settings.ts';
import { findGraph } from '../downstream/graph/graph-section.ts';
import type { AssetUrl } from './asset-files.ts';
import type { Context } from './context.ts';
import { exampleApis } from './example-apis.ts';
import { initialsOf } from './initials.ts';
import type { Render } from './views.ts';

interface PagesOptions {
  readonly render: Render;
  readonly assetUrl: AssetUrl;
  readonly apis: readonly DownstreamApi[];
}

/** What one page adds; `title` is the view's own. */
export type PageData = Readonly<Record<string, unknown>>;

export class Pages {
  readonly #options: PagesOptions;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  /** Answers with a page; its status is the caller's to set. */
  show(ctx: Context, view: string, data: PageData = {}): void {
    const { render, assetUrl, apis } = this.#options;
    const identity = ctx.state.account?.identity;
    const name = identity?.name ?? identity?.username ?? 'Signed in';
    const body = render(view, {
      ...data,
      stylesheet: assetUrl('style.css'),
      icon: assetUrl('icon.svg'),
      asset: assetUrl,
      path: ctx.path,
      hasGraph: findGraph(apis) !== undefined,
      hasExample: exampleApis(apis) !== undefined,
      apis: apis
        .filter(({ hasPage }) => hasPage)
        .map((api) => ({
          name: api.name,
          host: api.baseUrl.host,
          path: `/apis/${encodeURIComponent(api.name.toLowerCase())}`,
        })),
      account: identity && { name, username: identity.username, initials: initialsOf(name) },
      accounts: accountsOf(ctx),
      csrf: ctx.session?.record?.csrf ?? '',
    });
    ctx.type = 'html';
    ctx.body = body;
  }
}

/** Those of this session, to choose from. One that is in use and not signed in any more is none. */
function accountsOf(ctx: Context) {
  const { accounts = [], active } = ctx.session?.record ?? {};
  const activeId = ctx.state.account?.id;
  return accounts
    .filter(({ id }) => id === activeId || id !== active)
    .map(({ id, name, username }) => {
      const shown = name ?? username ?? 'An account';
      return { id, name: shown, username, isActive: id === activeId };
    });
}
