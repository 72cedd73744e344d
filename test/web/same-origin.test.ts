/** Writes are taken from pages of this site, and from nowhere else. */
import { expect } from 'chai';
import { aWeb, type Web } from './a-web.ts';
import type { Browser } from './browser.ts';

const SITE = 'http://localhost:4000';

describe('A write', () => {
  let web: Web;
  let browser: Browser;
  let csrf: string;
  before(async () => {
    web = await aWeb();
    browser = web.aBrowser();
    await browser.signIn();
    csrf = String((await browser.fetch('/api/session')).json()['csrfToken']);
  });
  after(() => web.close());

  const post = (headers: Record<string, string>) =>
    browser.send('/api/graph/notes', { method: 'POST', headers, body: '{}' });

  const taken: [string, () => Record<string, string>][] = [
    ['of the same origin', () => ({ 'sec-fetch-site': 'same-origin' })],
    ['of an old browser with Origin and token', () => ({ origin: SITE, 'x-csrf-token': csrf })],
  ];
  for (const [which, headers] of taken) {
    it(`${which} is taken`, async () => {
      expect((await post(headers())).status).to.equal(200);
    });
  }

  const refused: [string, () => Record<string, string>][] = [
    ['of another site', () => ({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })],
    [
      'of another site with everything else right',
      () => ({ 'sec-fetch-site': 'cross-site', origin: SITE, 'x-csrf-token': csrf }),
    ],
    [
      'of another host of this site',
      () => ({ 'sec-fetch-site': 'same-site', origin: SITE, 'x-csrf-token': csrf }),
    ],
    ['of no site', () => ({ 'sec-fetch-site': 'none', origin: SITE, 'x-csrf-token': csrf })],
    [
      'that says it twice',
      () => ({ 'sec-fetch-site': 'same-origin, cross-site', origin: SITE, 'x-csrf-token': csrf }),
    ],
    ['without any sign', () => ({})],
    ['with a token only', () => ({ 'x-csrf-token': csrf })],
    ['with an Origin only', () => ({ origin: SITE })],
    ['with another Origin', () => ({ origin: `${SITE}.evil.example`, 'x-csrf-token': csrf })],
    ['with Origin null', () => ({ origin: 'null', 'x-csrf-token': csrf })],
    ['with a wrong token', () => ({ origin: SITE, 'x-csrf-token': `${csrf.slice(0, -1)}!` })],
    ['with an empty token', () => ({ origin: SITE, 'x-csrf-token': '' })],
  ];
  for (const [which, headers] of refused) {
    it(`${which} is refused`, async () => {
      const calls = web.apiClient.calls.length;
      const answer = await post(headers());
      expect(answer.status).to.equal(403);
      expect(answer.json()).to.include({ type: 'urn:concierge:problem:forbidden' });
      expect(web.apiClient.calls).to.have.length(calls);
    });
  }

  it('with the token in a form is refused where the body is for an API', async () => {
    const headers = { origin: SITE, 'content-type': 'application/x-www-form-urlencoded' };
    const body = `_csrf=${csrf}`;
    const answer = await browser.send('/api/graph/notes', { method: 'POST', headers, body });
    expect(answer.status).to.equal(403);
  });

  for (const method of ['PUT', 'PATCH', 'DELETE']) {
    it(`by ${method} is one, too`, async () => {
      const sending = (site: string) => ({
        method,
        headers: { 'sec-fetch-site': site },
        body: '{}',
      });
      expect((await browser.send('/api/graph/notes', sending('cross-site'))).status).to.equal(403);
      expect((await browser.send('/api/graph/notes', sending('same-origin'))).status).to.equal(200);
    });
  }

  it('with the token of another session is refused', async () => {
    const other = web.aBrowser();
    await other.signIn();
    const theirs = String((await other.fetch('/api/session')).json()['csrfToken']);
    expect(theirs).not.to.equal(csrf);
    expect((await post({ origin: SITE, 'x-csrf-token': theirs })).status).to.equal(403);
  });

  describe('that signs out', () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' };

    it('is refused without a sign, and from another site', async () => {
      for (const headers of [{}, { 'sec-fetch-site': 'cross-site' }, { origin: SITE }]) {
        const answer = await browser.signOut(headers);
        expect(answer.status).to.equal(403);
      }
      expect((await browser.open('/')).text).to.include('Hello, Ada');
    });

    it('takes the token as a form field from an old browser', async () => {
      const body = new URLSearchParams({ _csrf: csrf }).toString();
      const headers = { ...form, origin: SITE };
      const answer = await browser.send('/sign-out', { method: 'POST', headers, body });
      expect(answer.status).to.equal(200);
      expect(answer.text).to.include('You are signed out');
    });

    const aForm = async (headers: Record<string, string>, body: string) => {
      const other = web.aBrowser();
      await other.signIn();
      const sending = { method: 'POST', headers: { ...form, ...headers }, body };
      return (await other.send('/sign-out', sending)).status;
    };

    it('has a form of a few bytes', async () => {
      const body = `_csrf=${'a'.repeat(100_000)}`;
      expect(await aForm({ origin: SITE }, body)).to.equal(413);
    });

    it('is told when its form cannot be read, as no fault of this site', async () => {
      const cases: [string, number][] = [
        ['bogus', 415],
        ['gzip', 400],
      ];
      for (const [encoding, status] of cases) {
        const headers = { origin: SITE, 'content-encoding': encoding };
        expect(await aForm(headers, '_csrf=x'), encoding).to.equal(status);
      }
      expect(web.log()).not.to.include('"level":50');
    });

    it('has its form read only where everything else is right', async () => {
      const body = `_csrf=${'a'.repeat(100_000)}`;
      expect(await aForm({ origin: 'https://evil.example' }, body)).to.equal(403);
      expect(await aForm({ 'sec-fetch-site': 'cross-site', origin: SITE }, body)).to.equal(403);
      expect(await aForm({ 'sec-fetch-site': 'same-origin' }, body)).to.equal(413);
    });
  });
});
