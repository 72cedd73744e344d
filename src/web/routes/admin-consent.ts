/** `GET /admin-consent?challenge=` and its callback: an administrator consents for the organisation. */
import { isAdminConsentGiven } from '../../authority/admin-consent.ts';
import { fullScopes } from '../admin-consent-path.ts';
import { type Middleware, type Parts, signedIn } from '../context.ts';
import { scopeWords } from '../scope-words.ts';
import { signInPath } from '../sign-in-links.ts';

/** Takes the person to the authority; only for what this site itself has found missing. */
export function adminConsent({ authority, challenges, settings }: Parts): Middleware {
  const { site, azureAd } = settings;
  const redirectUri = new URL(azureAd.adminConsentCallbackPath, site.publicUrl);
  return (ctx) => {
    const { id, identity } = signedIn(ctx);
    const state = new URLSearchParams(ctx.querystring).get('challenge');
    const challenge = challenges.open(state, id);
    if (!challenge || !state) return ctx.throw(404);
    const scopes = fullScopes(challenge.scopes);
    const { tenantId } = identity;
    ctx.redirect(authority.adminConsentUrl({ redirectUri, state, scopes, tenantId }).href);
  };
}

/** Says how it ended, and decides nothing: whether the consent is there shows when it is used. */
export function adminConsentCallback({ challenges, pages }: Parts): Middleware {
  return (ctx) => {
    const query = new URLSearchParams(ctx.querystring);
    const state = query.get('state');
    const { account } = ctx.state;
    const challenge = account && challenges.open(state, account.id);
    const { scopes = [], returnTo = '/' } = challenge ?? {};
    pages.show(ctx, 'admin-consent', {
      isGiven: isAdminConsentGiven(query),
      scopes: scopes.map(scopeWords),
      // By a sign-in, as it is remembered for a minute that the consent was missing.
      goOnUrl: challenge && state ? signInPath(returnTo, { challenge: state }) : '/',
    });
  };
}
