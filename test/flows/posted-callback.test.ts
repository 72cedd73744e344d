/** Signing in with `ResponseMode` `form_post`: the authority's page posts the code, and no address holds it. */
import { expect } from 'chai';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { passSandbox, type Site, startSandboxedSite } from '../support/site.ts';
import { type Page, Visitor } from '../support/visitor.ts';

const ADA = 'ada@contoso.example';

describe('A person whose answers are posted', () => {
  let site: Site;
  let sandbox: Sandbox;
  let visitor: Visitor;
  beforeEach(async () => {
    ({ site, sandbox } = await startSandboxedSite({ AzureAd__ResponseMode: 'form_post' }));
    visitor = new Visitor();
  });
  afterEach(async () => {
    await site.close();
    await sandbox.close();
  });

  const at = (path: string) => `${site.url}${path}`;
  const signIn = async (path: string): Promise<Page> =>
    passSandbox(visitor, await visitor.open(at(path)), ADA);

  it('signs in and consents, with a code in no address', async () => {
    const page = await signIn('/profile?tab=1');
    expect(page.url.href).to.equal(at('/profile?tab=1'));
    expect(page.text).to.include('Ada Example');
    const [posted, callback] = page.trail;
    expect([posted?.href, callback?.pathname]).to.deep.equal([at('/signin-oidc'), '/signin-oidc']);
    expect([...(callback?.searchParams.keys() ?? [])]).to.deep.equal(['state']);
    const mail = await signIn('/mail');
    expect(mail.url.href).to.equal(at('/mail'));
    const seen = [...page.trail, ...mail.trail, ...site.lines].join('\n');
    expect(seen).not.to.match(/[?&]code=/);
  });

  it('who declines is told so', async () => {
    await signIn('/profile');
    const declined = await passSandbox(visitor, await visitor.open(at('/mail')), ADA, 'cancel');
    expect(declined.status).to.equal(400);
    expect(declined.text).to.include('Mail.Read');
  });

  it('who posts the same form again goes home', async () => {
    const posting = await passSandbox(
      visitor,
      await visitor.open(at('/profile')),
      ADA,
      'accept',
      'continue',
    );
    expect(posting.text).to.include('data-test="continue"');
    const first = await visitor.submit(posting, 'data-test="continue"');
    expect(first.url.href).to.equal(at('/profile'));
    const again = await visitor.submit(posting, 'data-test="continue"');
    expect(again.url.href).to.equal(at('/'));
    expect(again.text).to.include('Ada Example');
    const redeemed = sandbox.requests.filter(({ grantType }) => grantType === 'authorization_code');
    expect(redeemed).to.have.length(1);

    const stranger = await new Visitor().submit(posting, 'data-test="continue"');
    expect(stranger.status).to.equal(400);
  });
});
