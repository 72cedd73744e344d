/** An authority that is not ours: oidc-provider as a plain OpenID Connect issuer, with its own pages. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import { freePort } from './site-process.ts';
import type { Page, Visitor } from './visitor.ts';

export interface PlainIssuer {
  readonly url: string;
  /** Where a person signs in to, and out from, another app of this issuer. */
  readonly signInElsewhereUrl: string;
  readonly signOutElsewhereUrl: string;
  /** The kinds of grants given so far. */
  readonly grants: readonly string[];
  /** The logout tokens it sent to the site, and how each was answered. */
  readonly logouts: readonly SentLogout[];
  /** What points a site at it. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

interface SentLogout {
  readonly token: string;
  readonly status: number;
}

interface PlainIssuerChoices {
  readonly siteUrl: string;
  readonly accessTokenSeconds?: number;
  /** Whether it tells of sign-outs by itself: of the session that ended, or of its person. */
  readonly backChannel?: 'sid' | 'sub';
}

const SECRET = 'a secret of some length';
const OTHER_APP = 'another-app';

export async function startPlainIssuer({
  siteUrl,
  accessTokenSeconds = 3600,
  backChannel,
}: PlainIssuerChoices): Promise<PlainIssuer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const logouts: SentLogout[] = [];
  const common = {
    client_secret: SECRET,
    token_endpoint_auth_method: 'client_secret_post',
  } as const;
  const provider = new Provider(url, {
    clients: [
      {
        ...common,
        client_id: 'concierge',
        redirect_uris: [`${siteUrl}/signin-oidc`],
        post_logout_redirect_uris: [`${siteUrl}/signout-callback-oidc`],
        grant_types: ['authorization_code', 'refresh_token'],
        ...(backChannel && {
          backchannel_logout_uri: `${siteUrl}/backchannel-logout`,
          backchannel_logout_session_required: backChannel === 'sid',
        }),
      },
      { ...common, client_id: OTHER_APP, redirect_uris: [`${url}/done`] },
    ],
    scopes: ['openid', 'offline_access', 'profile', 'stock:read'],
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    features: { backchannelLogout: { enabled: backChannel !== undefined } },
    // Its own way of sending refuses this machine's addresses, where the site is.
    fetch: async (to, { method = 'GET', headers = {}, body = null } = {}) => {
      const answer = await fetch(to, { method, headers, body, redirect: 'manual' });
      const token = new URLSearchParams(String(body)).get('logout_token') ?? '';
      logouts.push({ token, status: answer.status });
      return answer;
    },
    ttl: {
      AccessToken: accessTokenSeconds,
      IdToken: 3600,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 86_400,
      Interaction: 600,
    },
    cookies: { keys: ['a key of the test'] },
    findAccount: async (_, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, name: `The person ${sub}` }),
    }),
  });
  const grants: string[] = [];
  provider.on('grant.success', (ctx) => grants.push(String(ctx.oidc.params?.['grant_type'])));
  const server = createServer(provider.callback()).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url,
    signInElsewhereUrl: `${url}/auth?${new URLSearchParams({
      ...{ client_id: OTHER_APP, redirect_uri: `${url}/done` },
      ...{ response_type: 'code', scope: 'openid' },
    })}`,
    signOutElsewhereUrl: `${url}/session/end?client_id=${OTHER_APP}`,
    grants,
    logouts,
    environment: {
      Site__PublicUrl: siteUrl,
      Site__Port: new URL(siteUrl).port,
      AzureAd__Authority: url,
      AzureAd__ClientId: 'concierge',
      AzureAd__ClientSecret: SECRET,
      DownstreamApis__Userinfo__BaseUrl: url,
      DownstreamApis__Userinfo__RelativePath: '/me',
      DownstreamApis__Userinfo__Scopes: 'stock:read',
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Through its development pages, as `login`: a name, any password, and yes to all. */
export async function passPlainIssuer(
  visitor: Visitor,
  page: Page,
  login = 'someone',
): Promise<Page> {
  let at = page;
  for (let step = 0; step < 6 && at.text.includes('<form'); step += 1) {
    if (at.url.hostname !== '127.0.0.1') return at;
    const isLogin = at.text.includes('name="login"');
    at = await visitor.submit(at, '<form', isLogin ? { login, password: 'any' } : {});
  }
  return at;
}
