/** What the page shows someone whose account lacks a role or a group, and the ways on from there. */
import type { Missing } from '../errors.ts';
import type { Context, Parts } from './context.ts';
import { pageOf, signInPath } from './sign-in-links.ts';

/**
 * Every way is a sign-in that leads back to the page: as the same account, whose roles and groups are
 * looked at anew; as another one of this session; or as one that is chosen at the authority.
 */
export function notPermittedData({ settings }: Parts, ctx: Context, missing: Missing) {
  const returnTo = ctx.state.returnTo ?? pageOf(ctx, settings.site.publicUrl);
  const { accounts = [] } = ctx.session?.record ?? {};
  const { id, identity } = ctx.state.account ?? {};
  const as = (username: string | undefined) =>
    signInPath(returnTo, username === undefined ? {} : { login_hint: username });
  return {
    missing,
    againUrl: as(identity?.username),
    others: accounts
      .filter((each) => each.id !== id && each.username !== undefined)
      .map(({ username }) => ({ username, url: as(username) })),
    otherUrl: as(undefined),
  };
}
