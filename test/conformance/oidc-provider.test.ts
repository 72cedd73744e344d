/** Sign-out together with an authority that others wrote: oidc-provider, certified for what it does here. */
import { expect } from 'chai';
import { type PlainIssuer, passPlainIssuer, startPlainIssuer } from '../support/plain-issuer.ts';
import { type Site, startSite } from '../support/site.ts';
import { freePort } from '../support/site-process.ts';
import { type Page, Visitor } from '../support/visitor.ts';

describe('With oidc-provider', () => {
  let issuer: PlainIssuer;
  let site: Site;
  let visitor: Visitor;

  async function start(backChannel: 'sid' | 'sub'): Promise<void> {
    const siteUrl = `http://localhost:${await freePort()}`;
    issuer = await startPlainIssuer({ siteUrl, backChannel });
    site = await startSite(issuer.environment);
    visitor = new Visitor();
  }
  afterEach(async () => {
    await site.close();
    await issuer.close();
  });

  const userinfo = () => `${site.url}/apis/userinfo`;
  const signIn = async (by = visitor, login = 'someone'): Promise<void> => {
    const page = await passPlainIssuer(by, await by.open(userinfo()), login);
    expect(page.url.href, page.text).to.equal(userinfo());
    expect(page.text).to.include(login);
  };
  /** Whether the session answers, without anyone going anywhere. */
  const isSignedIn = async (by = visitor) =>
    (await by.fetch(`${site.url}/api/session`)).status === 200;
  /** The same session cookie in other hands. */
  const copyOf = (by: Visitor): Visitor => {
    const copy = new Visitor();
    for (const cookie of by.cookies(site.url).split('; ')) copy.setCookie(site.url, cookie);
    return copy;
  };
  /** In the person's browser, but with no request to this site. */
  const signOutElsewhere = async (by = visitor): Promise<void> => {
    await passPlainIssuer(by, await by.open(issuer.signInElsewhereUrl));
    const confirm = await by.open(issuer.signOutElsewhereUrl);
    const signedOut = await by.submit(confirm, '<form', { logout: 'yes' });
    const trail = [...confirm.trail, ...signedOut.trail].map(({ origin }) => origin);
    expect(new Set(trail)).to.deep.equal(new Set([issuer.url]));
  };
  const send = (token: string) =>
    fetch(`${site.url}/backchannel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    });
  const signOutHere = async (): Promise<Page> => {
    const bye = await visitor.submit(await visitor.open(`${site.url}/`), '/sign-out');
    const link = /href="(http:\/\/127\.0\.0\.1[^"]*)"/.exec(bye.text)?.[1];
    return await visitor.open(link?.replaceAll('&amp;', '&') ?? '');
  };

  describe('a sign-out that begins here', () => {
    beforeEach(() => start('sid'));

    it('is confirmed there and comes back, and both sessions have ended', async () => {
      await signIn();
      const old = copyOf(visitor);
      const confirm = await signOutHere();
      expect(confirm.url.origin).to.equal(issuer.url);
      const back = await visitor.submit(confirm, '<form', { logout: 'yes' });
      expect(back.url.href).to.equal(`${site.url}/signout-callback-oidc`);
      expect(back.text).to.include('You are signed out');
      expect(await isSignedIn(old)).to.equal(false);
      // Told of it a second time, by the back channel, there is nothing left to end.
      expect(issuer.logouts.map(({ status }) => status)).to.deep.equal([200]);
      await signIn();
      expect(await isSignedIn()).to.equal(true);
    });

    it('has ended here, whatever the person says there', async () => {
      await signIn();
      const back = await visitor.submit(await signOutHere(), '<form');
      expect(back.url.href).to.equal(`${site.url}/signout-callback-oidc`);
      expect(await isSignedIn()).to.equal(false);
    });

    it('makes the next sign-in ask who it is, even of someone still signed in there', async () => {
      await signIn();
      await visitor.submit(await visitor.open(`${site.url}/`), '/sign-out');
      const next = await visitor.open(userinfo());
      expect(next.url.origin, next.text).to.equal(issuer.url);
      expect(next.text).to.include('name="login"');
      const page = await passPlainIssuer(visitor, next, 'somebody-else');
      expect(page.text).to.include('somebody-else');
    });
  });

  for (const backChannel of ['sid', 'sub'] as const) {
    describe(`a sign-out there, told with the ${backChannel}`, () => {
      beforeEach(() => start(backChannel));

      it('ends the session here, with no browser of this site involved', async () => {
        await signIn();
        const thief = copyOf(visitor);
        const bystander = new Visitor();
        await signIn(bystander, 'somebody-else');
        await signOutElsewhere();
        expect(issuer.logouts.map(({ status }) => status)).to.deep.equal([200]);
        for (const each of [visitor, thief]) expect(await isSignedIn(each)).to.equal(false);
        expect(await isSignedIn(bystander)).to.equal(true);
        const next = await visitor.open(userinfo());
        expect(next.text).to.include('name="login"');
      });

      it('neither bars the next sign-in nor lets it revive the session before', async () => {
        await signIn();
        const [old, phone] = [copyOf(visitor), new Visitor()];
        await signOutElsewhere();
        await signIn(phone);
        expect(await isSignedIn(old)).to.equal(false);
        await signIn();
        for (let clicks = 0; clicks < 3; clicks += 1) {
          for (const each of [visitor, phone]) {
            expect((await each.open(userinfo())).trail).to.have.length(1);
          }
        }
        expect(await isSignedIn(old)).to.equal(false);
      });

      it('serves once: the same token sent again is refused, and the new session lives', async () => {
        await signIn();
        await signOutElsewhere();
        await signIn();
        const [logout] = issuer.logouts;
        const replay = await send(logout?.token ?? '');
        expect(replay.status).to.equal(400);
        expect(await replay.json()).to.deep.equal({
          error: 'invalid_request',
          error_description: 'the logout token was used before',
        });
        expect(await isSignedIn()).to.equal(true);
        await signOutElsewhere();
        expect(issuer.logouts.map(({ status }) => status)).to.deep.equal([200, 200]);
        expect(await isSignedIn()).to.equal(false);
      });
    });
  }

  it('a sid ends one browser of a person, and a sub ends all of them', async () => {
    for (const backChannel of ['sid', 'sub'] as const) {
      if (backChannel === 'sub') {
        await site.close();
        await issuer.close();
      }
      await start(backChannel);
      const phone = new Visitor();
      await signIn();
      await signIn(phone);
      await signOutElsewhere();
      expect(await isSignedIn()).to.equal(false);
      expect(await isSignedIn(phone)).to.equal(backChannel === 'sid');
    }
  });
});
