/** `GET /sign-in?returnTo=&login_hint=&domain_hint=&prompt=&challenge=`: takes the person to the authority. */
import { beginSignIn } from '../begin-sign-in.ts';
import type { Middleware, Parts } from '../context.ts';
import { parseReturnPath } from '../return-path.ts';
import { activeAccount, hintOf } from '../session.ts';

const MAX_HINT_LENGTH = 1024;
const PROMPTS = ['login', 'select_account', 'consent'] as const;
/** One of the names for all accounts of a kind, or a domain. */
const DOMAIN_HINT = /^(organizations|consumers|(?=.{1,253}$)[a-z\d-]{1,63}(\.[a-z\d-]{1,63})+)$/i;

/**
 * With `challenge`, which only this site can write, for the scopes and claims in it.
 *
 * Else an ordinary sign-in: after a sign-out, and for someone signed in already, the authority asks
 * which account, unless a page of this site names it; a session whose account is gone lends its hint.
 * `prompt` may ask for more than that, never for less.
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
    const wanted = PROMPTS.find((each) => each === query.get('prompt'));
    const domainHint = domainOf(query.get('domain_hint'));
    if (isFresh || (account && !asked)) {
      // With `consent` alone the authority would go on with whichever account it knows.
      const prompt = wanted === 'login' ? wanted : 'select_account';
      await beginSignIn(parts, ctx, { returnTo, scopes, prompt, domainHint });
      return;
    }
    const loginHint = asked || activeAccount(ctx.session)?.hint;
    await beginSignIn(parts, ctx, { returnTo, scopes, loginHint, prompt: wanted, domainHint });
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

function domainOf(hint: string | null): string | undefined {
  return hint !== null && DOMAIN_HINT.test(hint) ? hint : undefined;
}
