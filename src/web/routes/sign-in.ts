/** `GET /sign-in?returnTo=&login_hint=&challenge=`: takes the person to the authority. */
import { beginSignIn } from '../begin-sign-in.ts';
import type { Middleware, Parts } from '../context.ts';
import { parseReturnPath } from '../return-path.ts';
import { activeAccount, hintOf } from '../session.ts';

const MAX_HINT_LENGTH = 1024;

/**
 * With `challenge`, which only this site can write, for the scopes and claims in it.
 *
 * Else an ordinary sign-in: after a sign-out, and for someone signed in already, the authority asks
 * which account, unless a page of this site names it; a session whose account is gone lends its hint.
 */
export function signIn(parts: Parts): Middleware {
  const { settings, cookies, challenges } = parts;
  return async (ctx) => {
    const query = new URLSearchParams(ctx.querystring);
    const returnTo = startOf(parseReturnPath(query.get('returnTo'), settings.site.publicUrl));
    ctx.state.returnTo = returnTo;
    const { account } = ctx.state;

    const challenge = account && challenges.open(query.get('challenge'), account.id);
    if (challenge) {
      const { accountId: expectedAccountId, scopes, claims } = challenge;
      const loginHint = hintOf(account.identity);
      const request = { returnTo, scopes, claims, loginHint, expectedAccountId };
      await beginSignIn(parts, ctx, { ...request, isChallenge: true });
      return;
    }

    const scopes = settings.site.signInScopes;
    // A link of another site must not switch the account unasked.
    const mayName = !account || ctx.get('Sec-Fetch-Site') === 'same-origin';
    const asked = mayName ? query.get('login_hint')?.slice(0, MAX_HINT_LENGTH) : undefined;
    const isFresh = cookies.read(ctx, 'signedOut') !== undefined;
    if (isFresh || (account && !asked)) {
      await beginSignIn(parts, ctx, { returnTo, scopes, prompt: 'select_account' });
      return;
    }
    const loginHint = asked || activeAccount(ctx.session)?.hint;
    await beginSignIn(parts, ctx, { returnTo, scopes, loginHint });
  };

  /** A page to come back to: never one that begins or ends a sign-in. */
  function startOf(path: string | undefined): string {
    const { callbackPath, signedOutCallbackPath } = settings.azureAd;
    const pathname = path?.split(/[?#]/)[0] ?? '/';
    const isNoPage = ['/sign-in', '/sign-out', callbackPath, signedOutCallbackPath].includes(
      pathname,
    );
    return path === undefined || isNoPage ? '/' : path;
  }
}
