/** `POST /account/tokens/refresh` and `POST /account/tokens/remove`: what a person does to one kept token. */
import { shownResource } from '../../audit.ts';
import type { TokenOverview } from '../../broker/account-overview.ts';
import { backToAccount } from '../account-notices.ts';
import { type Context, type Middleware, type Parts, signedIn } from '../context.ts';
import { formField } from '../read-form.ts';
import { accountFacts, requestFacts } from '../request-facts.ts';
import { scopeSpelling } from '../scope-spelling.ts';
import { sessionName } from '../session.ts';

/** Whatever the authority then wants of the person leads back to the account page. */
export function refreshToken(parts: Parts): Middleware {
  const { broker, settings } = parts;
  const spell = scopeSpelling(settings);
  return async (ctx) => {
    const token = await chosenToken(parts, ctx);
    if (!token) return backToAccount(ctx, 'token-gone');
    const { tenantId, resource, asked } = token;
    const scopes = asked.map((permission) => spell(resource, permission));
    await broker.acquireToken(signedIn(ctx), { scopes, tenantId, forceRefresh: true });
    backToAccount(ctx, 'refreshed');
  };
}

export function removeToken(parts: Parts): Middleware {
  return async (ctx) => {
    const token = await chosenToken(parts, ctx);
    if (!token) return backToAccount(ctx, 'token-gone');
    const account = signedIn(ctx);
    await parts.broker.removeToken(account, token.id);
    const whose = { ...accountFacts(account.identity), ...requestFacts(ctx) };
    parts.audit({ event: 'tokens_removed', resource: shownResource(token.resource), ...whose });
    backToAccount(ctx, 'removed');
  };
}

/** The token that the form names, if it is one of the account's own. */
async function chosenToken({ broker }: Parts, ctx: Context): Promise<TokenOverview | undefined> {
  ctx.state.returnTo = '/account';
  ctx.state.retryUrl = '/account';
  const chosen = await formField(ctx, 'token');
  const overview = await broker.inspect(signedIn(ctx), sessionName(ctx.state.sessionId ?? ''));
  return overview?.tokens.find(({ id }) => id === chosen);
}
