/** `GET /admin-consent?challenge=` and its callback: an administrator consents for the organisation. */
import { isAdminConsentGiven } from '../../authority/admin-consent.ts';
import { fullScopes } from '../admin-consent-path.ts';
import type { Middleware, Parts } from '../context.ts';
import { scopeWords } from '../scope-words.ts';
import type { Challenge } from '../sealed-challenges.ts';
import { signInPath } from '../sign-in-links.ts';

/**
 * Takes whoever opens it to the authority, as the person may have sent it to their administrator; only
 * for what this site itself has found missing.
 */
export function adminConsent(parts: Parts): Middleware {
  const { authority, settings } = parts;
  const { site, azureAd } = settings;
  const redirectUri = new URL(azureAd.adminConsentCallbackPath, site.publicUrl);
  return (ctx) => {
    const state = new URLSearchParams(ctx.querystring).get('challenge');
    const challenge = openForAdministrator(parts, state);
    if (!challenge || !state) return ctx.throw(404);
    const scopes = fullScopes(settings, challenge.scopes);
    const { tenantId } = challenge;
    ctx.redirect(authority.adminConsentUrl({ redirectUri, state, scopes, tenantId }).href);
  };
}

/**
 * Says how it ended, and decides nothing: whether the consent is there shows when it is used. Of what
 * this site did not ask for, it repeats nobody's word.
 */
export function adminConsentCallback(parts: Parts): Middleware {
  return (ctx) => {
    const query = new URLSearchParams(ctx.querystring);
    const state = query.get('state');
    const { account } = ctx.state;
    const challenge = openForAdministrator(parts, state);
    const { scopes = [], returnTo = '/', accountId } = challenge ?? {};
    // A person who could not sign in is not known here, whoever they were.
    const elsewhere = challenge && accountId === undefined ? signInPath('/') : '/';
    const isTheirs = account !== undefined && accountId === account.id;
    parts.pages.show(ctx, 'admin-consent', {
      isKnown: challenge !== undefined,
      isGiven: isAdminConsentGiven(query),
      scopes: scopes.map(scopeWords),
      // By a sign-in, as it is remembered for a minute that the consent was missing.
      goOnUrl: isTheirs && state ? signInPath(returnTo, { challenge: state }) : elsewhere,
    });
  };
}

/** Other challenges are a person's own: a step-up, or of an account without an administrator. */
function openForAdministrator(
  { authority, challenges }: Parts,
  sealed: string | null,
): Challenge | undefined {
  const challenge = challenges.openForAnyone(sealed);
  if (!challenge || challenge.scopes.length === 0) return undefined;
  return authority.hasAdministrators(challenge.tenantId) ? challenge : undefined;
}
