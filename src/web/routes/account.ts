/** `GET /account`: who is signed in, where, and what is kept for them; never a token. */
import { consentsUrl } from '../../config/clouds.ts';
import { mayBeExternalId } from '../../config/external-id.ts';
import { SignInRequired } from '../../errors.ts';
import { noticeOf } from '../account-notices.ts';
import { accountSessions } from '../account-sessions.ts';
import { accountTokens } from '../account-tokens.ts';
import { type Middleware, type Parts, signedIn } from '../context.ts';
import { activeAccount, sessionName } from '../session.ts';

export function account(parts: Parts): Middleware {
  const { broker, settings, pages, now } = parts;
  const { authority } = settings.azureAd;
  // Customers of External ID have no such place.
  const isOfTenant = authority.kind === 'entra' && !mayBeExternalId(authority);
  const allowedUrl = isOfTenant ? consentsUrl(authority.instance) : undefined;
  return async (ctx) => {
    const account = signedIn(ctx);
    const overview = await broker.inspect(account, sessionName(ctx.state.sessionId ?? ''));
    // It was ended a moment ago, and a copy near at hand did not tell yet.
    if (!overview) throw new SignInRequired('no-session');
    const tie = activeAccount(ctx.session);
    pages.show(ctx, 'account', {
      notice: noticeOf(ctx),
      tenantId: overview.identity.tenantId,
      roles: tie?.roles ?? [],
      since: new Date(tie?.at ?? now()).toISOString(),
      sessions: await accountSessions(parts, ctx, account, overview),
      ...accountTokens(settings, overview, now()),
      isRenewable: overview.refreshToken === 'good',
      consentsUrl: allowedUrl ?? '',
    });
  };
}
