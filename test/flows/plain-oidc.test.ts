/** The site before an authority that is not ours: oidc-provider as a plain OpenID Connect issuer. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import { Provider } from 'oidc-provider';
import { systemClock } from '../../src/clock.ts';
import { type Site, startSite } from '../support/site.ts';
import { freePort } from '../support/site-process.ts';
import { type Page, Visitor } from '../support/visitor.ts';

describe('Before a plain OpenID Connect issuer, the site', () => {
  let issuer: Server;
  let grants: string[];
  let site: Site;
  let visitor: Visitor;

  beforeEach(async () => {
    const [port, issuerPort] = [await freePort(), await freePort()];
    const issuerUrl = `http://127.0.0.1:${issuerPort}`;
    const siteUrl = `http://localhost:${port}`;
    const provider = new Provider(issuerUrl, {
      clients: [
        {
          client_id: 'concierge',
          client_secret: 'a secret of some length',
          redirect_uris: [`${siteUrl}/signin-oidc`],
          post_logout_redirect_uris: [`${siteUrl}/signout-callback-oidc`],
          grant_types: ['authorization_code', 'refresh_token'],
          token_endpoint_auth_method: 'client_secret_post',
        },
      ],
      scopes: ['openid', 'offline_access', 'profile', 'stock:read'],
      issueRefreshToken: async () => true,
      rotateRefreshToken: true,
      ttl: {
        AccessToken: 2,
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
    grants = [];
    provider.on('grant.success', (ctx) => grants.push(String(ctx.oidc.params?.['grant_type'])));
    issuer = createServer(provider.callback()).listen(issuerPort, '127.0.0.1');
    await once(issuer, 'listening');
    site = await startSite({
      Site__PublicUrl: siteUrl,
      Site__Port: String(port),
      AzureAd__Authority: issuerUrl,
      AzureAd__ClientId: 'concierge',
      AzureAd__ClientSecret: 'a secret of some length',
      DownstreamApis__Userinfo__BaseUrl: issuerUrl,
      DownstreamApis__Userinfo__RelativePath: '/me',
      DownstreamApis__Userinfo__Scopes: 'stock:read',
    });
    visitor = new Visitor();
  });

  afterEach(async () => {
    await site.close();
    issuer.closeAllConnections();
    issuer.close();
  });

  /** Through oidc-provider's own development pages: a name, any password, and yes to all. */
  async function pass(page: Page): Promise<Page> {
    let at = page;
    for (let step = 0; step < 6 && at.url.hostname === '127.0.0.1'; step += 1) {
      const isLogin = at.text.includes('name="login"');
      at = await visitor.submit(at, '<form', isLogin ? { login: 'someone', password: 'any' } : {});
    }
    return at;
  }

  it('signs in, refreshes with a single-use refresh token, and signs out', async () => {
    const page = await pass(await visitor.open(`${site.url}/apis/userinfo`));
    expect(page.url.href).to.equal(`${site.url}/apis/userinfo`);
    expect(page.status, page.text).to.equal(200);
    expect(page.text).to.include('someone');
    expect(grants[0]).to.equal('authorization_code');
    for (const refreshes of [1, 2]) {
      // The life of its access tokens: there is no other way to see one expire at this authority.
      await systemClock.sleep(2000);
      const again = await visitor.open(`${site.url}/apis/userinfo`);
      expect(again.status, again.text).to.equal(200);
      expect(again.trail).to.have.length(1);
      expect(grants.filter((grant) => grant === 'refresh_token')).to.have.length.least(refreshes);
    }

    const bye = await visitor.submit(await visitor.open(`${site.url}/`), '/sign-out');
    const link = /href="(http:\/\/127\.0\.0\.1[^"]*)"/
      .exec(bye.text)?.[1]
      ?.replaceAll('&amp;', '&');
    const confirm = await visitor.open(link ?? '');
    const signedOut = await visitor.submit(confirm, '<form', { logout: 'yes' });
    expect(signedOut.url.href).to.match(/^http:\/\/localhost:\d+\/signout-callback-oidc/);
  });
});
