/** The site before an authority that is not ours: oidc-provider as a plain OpenID Connect issuer. */
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { type PlainIssuer, passPlainIssuer, startPlainIssuer } from '../support/plain-issuer.ts';
import { type Site, startSite } from '../support/site.ts';
import { freePort } from '../support/site-process.ts';
import { Visitor } from '../support/visitor.ts';

describe('Before a plain OpenID Connect issuer, the site', () => {
  let issuer: PlainIssuer;
  let site: Site;
  let visitor: Visitor;

  beforeEach(async () => {
    const siteUrl = `http://localhost:${await freePort()}`;
    issuer = await startPlainIssuer({ siteUrl, accessTokenSeconds: 2 });
    site = await startSite(issuer.environment);
    visitor = new Visitor();
  });

  afterEach(async () => {
    await site.close();
    await issuer.close();
  });

  it('signs in, refreshes with a single-use refresh token, and signs out', async () => {
    const { grants } = issuer;
    const page = await passPlainIssuer(visitor, await visitor.open(`${site.url}/apis/userinfo`));
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
