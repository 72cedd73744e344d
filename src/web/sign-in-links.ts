/** Addresses of this site where a sign-in or a consent begins. */
import type { Settings } from '../config/settings.ts';
import type { SignInRequired } from '../errors.ts';
import type { Context, Parts } from './context.ts';
import { parseReturnPath } from './return-path.ts';

/** Where a sign-in begins that comes back to `returnTo`. */
export function signInPath(returnTo: string, extra: Record<string, string> = {}): string {
  return `/sign-in?${new URLSearchParams({ ...extra, returnTo })}`;
}

/** Where the sign-in begins that `error` asks for: for a link or a script, not for a redirect. */
export function signInPathFor(parts: Parts, ctx: Context, error: SignInRequired): string {
  const returnTo = ctx.state.returnTo ?? pageOf(ctx, parts.settings.site.publicUrl);
  const { account } = ctx.state;
  if (error.reason === 'no-session' || !account) return signInPath(returnTo);
  const { scopes, claims } = error;
  const { tenantId } = account.identity;
  const challenge = parts.challenges.seal({
    ...{ accountId: account.id, scopes: [...scopes] },
    ...(claims && { claims }),
    ...(tenantId !== undefined && { tenantId }),
  });
  return signInPath(returnTo, { challenge });
}

/** The page a request belongs to: its own address, or for a script's call the page that made it. */
export function pageOf(ctx: Context, publicUrl: URL): string {
  const isScript = ctx.path.startsWith('/api/') || ctx.method !== 'GET';
  if (!isScript) return parseReturnPath(ctx.url, publicUrl) ?? '/';
  const referrer = URL.parse(ctx.get('Referer'));
  if (referrer?.origin !== publicUrl.origin) return '/';
  return parseReturnPath(`${referrer.pathname}${referrer.search}`, publicUrl) ?? '/';
}

/** Whether a path begins or completes a sign-in, which has to work without what was kept before. */
export function isSignInPath({ azureAd }: Settings, path: string): boolean {
  return path === '/sign-in' || path === azureAd.callbackPath;
}
