/** Routes that are open to app roles: who is let in, and what the others are told. */
import { expect } from 'chai';
import { requireRole } from '../../src/web/middleware/require-role.ts';
import { ADA, aWeb, BOB, type Web } from './a-web.ts';
import type { Answer, Browser } from './browser.ts';

const READER = 'Reports.Reader';
const AGAIN = '/sign-in?login_hint=ada%40contoso.example&returnTo=%2Freports%3Fyear%3D2026';

describe('A route that requires a role', () => {
  let web: Web;
  let browser: Browser;
  beforeEach(async () => {
    web = await aWeb({
      hooks: { onSignIn: ({ id }) => (id === 'cleo.tenant' ? { roles: [READER] } : undefined) },
      addRoutes: (router) => {
        router.get('/reports', requireRole(READER, 'Reports.Writer'), (ctx) => {
          ctx.body = 'the reports';
        });
        router.post('/reports', requireRole('Reports.Writer'), (ctx) => {
          ctx.body = 'written';
        });
        router.get('/both', requireRole(READER), requireRole('Reports.Writer'), (ctx) => {
          ctx.body = 'both';
        });
        router.get('/odd', requireRole('<b>"odd"</b>'), (ctx) => {
          ctx.body = 'odd';
        });
      },
    });
    browser = web.aBrowser();
  });
  afterEach(() => web.close());

  const signIn = async (roles: unknown, identity = ADA) => {
    web.authority.identity = identity;
    web.authority.claims = roles === undefined ? {} : { roles };
    await browser.signIn();
  };
  const post = (path: string, fields: Record<string, string>) =>
    browser.send(path, {
      method: 'POST',
      headers: {
        'sec-fetch-site': 'same-origin',
        'sec-fetch-dest': 'document',
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'text/html',
      },
      body: new URLSearchParams(fields).toString(),
    });
  const switchTo = ({ accountId }: typeof ADA) => post('/account/switch', { account: accountId });
  const statusOf = async (path = '/reports') => (await browser.open(path)).status;
  /** The addresses of a page's links, by their words. */
  const linksOf = ({ text }: Answer) =>
    new Map(
      [...text.matchAll(/<a[^>]* href="([^"]*)"[^>]*>([^<]*)<\/a>/g)].map(
        ([, url = '', words = '']) => [words, url.replaceAll('&amp;', '&')] as const,
      ),
    );

  for (const [what, roles, status] of [
    ['with the role', [READER], 200],
    ['with another one that will do', ['Reports.Writer'], 200],
    ['with it among others', ['x', READER], 200],
    ['whose only role is no list', READER, 200],
    ['without roles', undefined, 403],
    ['with none', [], 403],
    ['with another role', ['Reports'], 403],
    ['with a longer one', ['Reports.Reader.All'], 403],
    ['with it in other letters', ['reports.reader'], 403],
    ['with it in one text with others', `${READER} x`, 403],
    ['whose roles are odd', [{ role: READER }], 403],
  ] as const) {
    it(`answers someone ${what} with ${status}`, async () => {
      await signIn(roles);
      expect(await statusOf()).to.equal(status);
    });
  }

  it('leads whoever is not signed in there and back, and answers a script 401', async () => {
    const answer = await browser.open('/reports?year=2026');
    expect(answer.location).to.equal('/sign-in?returnTo=%2Freports%3Fyear%3D2026');
    expect((await browser.fetch('/reports')).status).to.equal(401);
  });

  it('takes a role that the site’s own hook gives', async () => {
    await signIn(undefined, { ...ADA, accountId: 'cleo.tenant' });
    expect(await statusOf()).to.equal(200);
  });

  it('wants both of two that stand one after the other', async () => {
    await signIn([READER]);
    expect(await statusOf('/both')).to.equal(403);
    await signIn([READER, 'Reports.Writer']);
    expect(await statusOf('/both')).to.equal(200);
  });

  describe('tells who lacks it', () => {
    it('what is missing, for which account, and how to go on', async () => {
      await signIn(undefined);
      const page = await browser.open('/reports?year=2026');
      expect(page.status).to.equal(403);
      expect(page.headers['cache-control']).to.equal('no-store');
      expect(page.text)
        .to.include('You need a role for this')
        .and.include('<code>Reports.Reader</code>')
        .and.include('<code>Reports.Writer</code>')
        .and.include('signed in as <strong>ada@contoso.example</strong>')
        .and.include('Ask whoever runs this site');
      const links = linksOf(page);
      expect(links.get('sign in anew')).to.equal(AGAIN);
      expect(links.get('use another account')).to.equal(
        '/sign-in?returnTo=%2Freports%3Fyear%3D2026',
      );
    });

    it('in a problem document, if it is a script', async () => {
      await signIn(undefined);
      const answer = await browser.fetch('/reports');
      expect(answer.status).to.equal(403);
      expect(answer.headers['content-type']).to.include('application/problem+json');
      expect(answer.json()).to.deep.include({
        type: 'urn:concierge:problem:forbidden',
        missing: { roles: [READER, 'Reports.Writer'] },
      });
    });

    it('also when something was sent', async () => {
      await signIn([READER]);
      const page = await post('/reports', { title: 'x' });
      expect(page.status).to.equal(403);
      expect(page.text).to.include('<code>Reports.Writer</code>').and.not.include('Reports.Reader');
    });

    it('in words that no role’s name can turn into markup', async () => {
      await signIn(undefined);
      const { text } = await browser.open('/odd');
      expect(text).to.include('&lt;b&gt;&quot;odd&quot;').and.not.include('<b>');
    });

    it('of the accounts that are there, too, by a link that goes on as each', async () => {
      await signIn([READER]);
      await signIn(undefined, BOB);
      const page = await browser.open('/reports?year=2026');
      const links = linksOf(page);
      expect(links.get('Go on as ada@contoso.example')).to.equal(AGAIN);
      expect(links.has('Go on as bob@contoso.example')).to.equal(false);
      web.authority.identity = ADA;
      web.authority.claims = { roles: [READER] };
      const { location } = await browser.open(AGAIN, { 'sec-fetch-site': 'same-origin' });
      expect(web.authority.asked.at(-1)).to.deep.include({
        loginHint: 'ada@contoso.example',
        prompt: undefined,
      });
      const state = new URL(location).searchParams.get('state');
      const end = await browser.open(`/signin-oidc?code=c&state=${state}`);
      expect(end.location).to.equal('/reports?year=2026');
      expect(await statusOf()).to.equal(200);
    });
  });

  it('sees a role newly given after a sign-in anew, for which nobody is signed out', async () => {
    await signIn(undefined);
    web.authority.claims = { roles: [READER] };
    expect(await statusOf()).to.equal(403);
    const { location } = await browser.open(AGAIN, { 'sec-fetch-site': 'same-origin' });
    expect(await statusOf()).to.equal(403);
    const state = new URL(location).searchParams.get('state');
    await browser.open(`/signin-oidc?code=c&state=${state}`);
    expect(await statusOf()).to.equal(200);
    web.authority.claims = {};
    await browser.signIn();
    expect(await statusOf()).to.equal(403);
  });

  it('counts the roles of the account in use, and of no other one in the session', async () => {
    await signIn([READER]);
    await signIn(undefined, BOB);
    expect(await statusOf()).to.equal(403);
    await switchTo(ADA);
    expect(await statusOf()).to.equal(200);
    await switchTo(BOB);
    expect(await statusOf()).to.equal(403);
    await post('/sign-out', { account: BOB.accountId });
    expect((await browser.open('/reports')).location).to.equal('/sign-in?returnTo=%2Freports');
  });

  it('takes no role from the request', async () => {
    await signIn(undefined);
    const principal = Buffer.from(JSON.stringify({ roles: [READER] })).toString('base64');
    browser.jar.set('roles', READER);
    const answer = await browser.open(`/reports?roles=${READER}`, {
      'x-ms-client-principal': principal,
      authorization: `Bearer ${principal}.${principal}.x`,
      roles: READER,
    });
    expect(answer.status).to.equal(403);
  });

  it('is not made for a role without a name', () => {
    expect(() => requireRole('')).to.throw(TypeError, 'role without a name');
    expect(() => requireRole(READER, '')).to.throw(TypeError);
  });
});
