/** Where the person ends their session at the authority too, and from where they come back. */
import { buildEndSessionUrl } from 'openid-client';
import type { Authority } from './create-authority.ts';
import { configure } from './token-request.ts';

export interface EndSessionRequest {
  readonly postLogoutRedirectUri: URL;
  /** The opaque `login_hint` claim: without it the authority asks which account to sign out. */
  readonly logoutHint?: string | undefined;
}

/**
 * The sign-out URL (OpenID Connect RP-Initiated Logout §2); `undefined` if the authority has none.
 *
 * @throws {Unavailable} the authority's metadata is not known, and cannot be had now.
 * @throws {Misconfigured} the configured authority is not what answers.
 */
export async function endSessionUrl(
  authority: Authority,
  { postLogoutRedirectUri, logoutHint }: EndSessionRequest,
): Promise<URL | undefined> {
  const metadata = await authority.metadata.current();
  if (!metadata.endSessionEndpoint) return undefined;
  return buildEndSessionUrl(configure(authority, metadata), {
    post_logout_redirect_uri: postLogoutRedirectUri.href,
    ...(logoutHint && { logout_hint: logoutHint }),
  });
}
