/** The pages of Microsoft Graph: what each asks for, shows, and never lets through. */
import { expect } from 'chai';
import type { ApiCall } from '../../src/downstream/api-client.ts';
import { ApiFailed } from '../../src/errors.ts';
import { anAnswer, aWeb, needsConsent, type Web } from './a-web.ts';
import type { Browser } from './browser.ts';
import { permitted } from './permitted.ts';

const EVIL = `<img src=x onerror=alert(1)>"'`;

describe('Graph pages', () => {
  let web: Web;
  let browser: Browser;
  beforeEach(async () => {
    web = await aWeb();
    browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.calls.length = 0;
  });
  afterEach(() => web.close());

  const answering = (answer: unknown) => {
    web.apiClient.onJson = () => answer;
  };
  const queryOf = (call: ApiCall | undefined) =>
    Object.fromEntries(new URLSearchParams(call?.query));
  const lastQuery = () => queryOf(web.apiClient.calls.at(-1));

  it('ask each for its own permission, and fetch but what they show', async () => {
    answering({ value: [] });
    const needs = {
      '/mail': 'Mail.Read',
      '/calendar': 'Calendars.Read',
      '/people': 'People.Read',
      '/groups': 'User.Read',
      '/groups?names=1': 'GroupMember.Read.All',
    };
    for (const [path, permission] of Object.entries(needs)) {
      expect((await browser.open(path)).status, path).to.equal(200);
      expect(web.apiClient.calls.at(-1)?.scopes, path).to.deep.equal([permission]);
      expect(lastQuery()['$select'], path).to.be.a('string');
    }
    await browser.open('/files');
    expect(web.apiClient.calls.at(-1)?.scopes).to.deep.equal(['Files.Read']);
  });

  it('lead to the authority for a permission that is missing, and for nothing else', async () => {
    for (const path of ['/mail', '/calendar', '/files', '/people']) {
      web.apiClient.onJson = ({ scopes = [] }) => {
        throw needsConsent(...scopes);
      };
      const answer = await browser.open(path);
      expect(answer.status, path).to.equal(302);
      expect(web.authority.asked.at(-1)?.scopes).to.deep.equal(web.apiClient.calls.at(-1)?.scopes);
    }
  });

  describe('of mail', () => {
    const page = (link?: string) => ({
      value: [{ id: '1', subject: 'Budget' }],
      ...(link && { '@odata.nextLink': link }),
    });

    it('lead from page to page by where it begins, and by nothing else of Graph’s link', async () => {
      answering(page('https://graph.test/v1.0/users/other/messages?$skip=25&$filter=evil'));
      const first = await browser.open('/mail');
      expect(first.text).to.include('href="/mail?page=25"').and.not.include('First page');
      await browser.open('/mail?page=25');
      expect(web.apiClient.calls.at(-1)?.path).to.equal('/me/messages');
      expect(lastQuery()).to.include({ $skip: '25', $orderby: 'receivedDateTime desc' });
      expect(lastQuery()).not.to.have.property('$filter');
    });

    it('refuse a next link that leads elsewhere', async () => {
      for (const link of [
        'https://graph.test.evil/v1.0/me/messages?$skip=25',
        'https://graph.test@evil.example/v1.0/me/messages?$skip=25',
        'https://graph.test:444/v1.0/me/messages?$skip=25',
        'https://graph.test/other-tenant/me/messages?$skip=25',
      ]) {
        answering(page(link));
        const answer = await browser.open('/mail');
        expect(answer.status, link).to.equal(502);
        expect(answer.text).not.to.include('evil');
      }
    });

    it('search for the words, which cannot leave their quotes, on every page', async () => {
      const link = 'https://graph.test/v1.0/me/messages?$search=x&$skiptoken=abc';
      answering(page(link));
      const search = `a" OR "b\\" ${EVIL}`;
      const answer = await browser.open(`/mail?${new URLSearchParams({ q: search })}`);
      expect(lastQuery()['$search']).to.match(/^"(?:[^"\\]|\\.)*"$/);
      expect(lastQuery()).not.to.have.property('$orderby');
      expect(answer.text).to.include('1 message found for').and.not.include('<img src=x');
      const next = /href="(\/mail\?[^"]+page=tabc)"/.exec(answer.text)?.[1] ?? '';
      await browser.open(next.replaceAll('&amp;', '&'));
      expect(lastQuery()).to.include({ $skiptoken: 'abc' });
      expect(lastQuery()['$search']).to.include('OR');
      answering({ value: [] });
      expect((await browser.open('/mail?q=zebra')).text).to.include('Nothing was found');
    });

    it('take no other beginning than a page’s', async () => {
      for (const cursor of ['', '-1', 'https://evil.example/', 'x', 't']) {
        const path = `/mail?${new URLSearchParams({ page: cursor })}`;
        expect((await browser.open(path)).status, path).to.equal(404);
      }
      expect(web.apiClient.calls).to.be.empty;
    });
  });

  describe('of the calendar', () => {
    const event = (subject: string, start: string, end: string, more = {}) => ({
      ...{ id: subject, subject, isAllDay: false, isCancelled: false, ...more },
      start: { dateTime: `${start}.0000000`, timeZone: 'UTC' },
      end: { dateTime: `${end}.0000000`, timeZone: 'UTC' },
    });

    it('show the week with today in it, from Monday to Sunday, in UTC', async () => {
      answering({
        value: [
          event('Review', '2026-11-16T09:30:00', '2026-11-16T10:00:00'),
          event('Fair', '2026-11-17T00:00:00', '2026-11-19T00:00:00', { isAllDay: true }),
          event('Lunch', '2026-11-20T12:00:00', '2026-11-20T13:00:00', { isCancelled: true }),
          event('Night', '2026-11-20T23:00:00', '2026-11-21T01:00:00'),
        ],
      });
      const { text } = await browser.open('/calendar');
      const call = web.apiClient.calls.at(-1);
      expect(call?.path).to.equal('/me/calendarView');
      expect(call?.headers).to.deep.equal({ prefer: 'outlook.timezone="UTC"' });
      expect(lastQuery()).to.include({
        startDateTime: '2026-11-16T00:00:00.000Z',
        endDateTime: '2026-11-23T00:00:00.000Z',
      });
      expect(text).to.include('Monday 16 November').and.include('09:30–10:00');
      expect(text.match(/Fair <span class="badge soft">all day/g)).to.have.length(2);
      expect(text).to.match(/Lunch <span class="badge">cancelled/);
      expect(text).to.include('23:00–…').and.include('…–01:00');
      expect(text).to.match(/Saturday 21 November <span class="badge">today/);
      expect(text).to.include('href="/calendar?week=2026-11-09"');
      expect(text).to.include('href="/calendar?week=2026-11-23"').and.not.include('This week');
    });

    it('show the week of any date, and take nothing else for one', async () => {
      answering({ value: [] });
      expect((await browser.open('/calendar?week=2027-01-01')).text).to.include('This week');
      expect(lastQuery()['startDateTime']).to.equal('2026-12-28T00:00:00.000Z');
      for (const week of ['', '2026-02-30', '2026-13-01', '26-01-01', '2026-01-01T00:00', '9']) {
        expect((await browser.open(`/calendar?week=${week}`)).status, week).to.equal(404);
      }
    });
  });

  describe('of files', () => {
    const inner = (id: string, body: unknown, status = 200) => ({ id, status, headers: {}, body });
    it('show what is at the top', async () => {
      const link = 'https://graph.test/v1.0/me/drive/root/children?$skiptoken=n2';
      answering({
        value: [
          { id: 'F!1', name: 'Plans', folder: { childCount: 3 } },
          { id: 'f2', name: 'notes.txt', size: 1_234_567, file: {} },
          { id: 'n3', name: 'Notebook', size: 5 },
        ],
        '@odata.nextLink': link,
      });
      const { text } = await browser.open('/files');
      expect(web.apiClient.calls).to.have.length(1);
      expect(web.apiClient.calls[0]?.path).to.equal('/me/drive/root/children');
      expect(text).to.include('href="/files/F!1"').and.include('3 inside');
      expect(text).to.include('href="/files/f2/content"').and.include('1.2 MB');
      expect(text).to.include('Notebook').and.not.include('/files/n3');
      expect(text).to.include('href="/files?page=tn2"');
    });

    it('of a folder are got with it in one request, and lead up from it', async () => {
      const folder = { id: 'F', name: 'Plans', parentReference: { id: 'P' } };
      answering({ responses: [inner('0', folder), inner('1', { value: [] })] });
      const { text } = await browser.open('/files/F');
      expect(web.apiClient.calls).to.have.length(1);
      expect(web.apiClient.calls[0]).to.include({ path: '/$batch', method: 'POST' });
      expect(web.apiClient.calls[0]?.scopes).to.deep.equal(['Files.Read']);
      expect(text).to.include('<h1>Plans</h1>').and.include('href="/files/P"');
      expect(text).to.include('nothing in this folder');
    });

    it('take nothing for an id that could be a way to elsewhere', async () => {
      for (const id of ['..', '%2e%2e', 'a%2fb', 'a%5cb', 'a%3fb', 'a%00', '.', 'x'.repeat(201)]) {
        for (const path of [`/files/${id}`, `/files/${id}/content`]) {
          expect((await browser.open(path)).status, path).to.be.oneOf([400, 404]);
        }
      }
      expect(web.apiClient.calls).to.be.empty;
    });

    it('give a file to be saved, and never as a page of this site', async () => {
      const name = 'résumé ";\r\nx: y.html';
      answering({ id: 'f', name, file: { mimeType: 'text/html' } });
      web.apiClient.onStream = () =>
        anAnswer('<script>alert(1)</script>', 'text/html', {
          headers: { 'content-disposition': 'inline', 'set-cookie': 'a=b', 'x-odd': '1' },
        });
      const answer = await browser.open('/files/f/content');
      expect(answer.status).to.equal(200);
      expect(answer.text).to.equal('<script>alert(1)</script>');
      const { headers } = answer;
      expect(headers['content-disposition']).to.match(/^attachment; filename="[^"\r\n]*/);
      expect(headers['content-security-policy']).to.include('sandbox');
      expect(headers).to.include({
        'content-type': 'text/html',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      });
      expect(headers).not.to.have.any.keys('x-odd', 'x');
      expect(answer.cookies.join()).not.to.include('a=b');
      web.apiClient.onStream = () => anAnswer('x', 'text/plain, text/html');
      const odd = await browser.open('/files/f/content');
      expect(odd.headers['content-type']).to.equal('application/octet-stream');
      const { path, scopes } = web.apiClient.calls.at(-1) ?? {};
      expect([path, scopes]).to.deep.equal(['/me/drive/items/f/content', ['Files.Read']]);
    });

    it('give no folder, and no answer that is none', async () => {
      answering({ id: 'F', name: 'Plans', folder: {} });
      expect((await browser.open('/files/F/content')).status).to.equal(404);
      answering({ id: 'f', name: 'x', file: {} });
      web.apiClient.onStream = () => anAnswer('<b>gone</b>', 'text/html', { status: 404 });
      const gone = await browser.open('/files/f/content');
      expect(gone.status).to.equal(502);
      expect(gone.text).not.to.include('<b>gone');
    });
  });

  it('of groups say what is not shown, and offer to ask for it', async () => {
    answering({
      value: [
        { id: 'g-1', displayName: null },
        { id: 'g-2', displayName: 'Depot' },
      ],
    });
    const { text } = await browser.open('/groups');
    expect(text).to.include('not shown to you here').and.include('Depot');
    expect(text).to.include('href="/groups?names=1"');
    expect(web.apiClient.calls.at(-1)?.headers).to.deep.equal({ ConsistencyLevel: 'eventual' });
    expect((await browser.open('/groups?names=1')).text).not.to.include('href="/groups?names=1"');
  });

  it('escape every text of Graph, and link to nothing but https', async () => {
    permitted(web, 'Mail.Read', 'Calendars.Read', 'User.Read.All', 'User.ReadBasic.All');
    const evil = { id: EVIL, displayName: EVIL, name: EVIL, subject: EVIL, description: EVIL };
    const at = { dateTime: '2026-11-20T08:00:00', timeZone: EVIL };
    const person = { ...evil, jobTitle: EVIL, scoredEmailAddresses: [{ address: EVIL }] };
    const event = { ...evil, start: at, end: at, location: { displayName: EVIL } };
    const link = { webLink: 'javascript:alert(1)', webUrl: 'javascript:alert(1)' };
    web.apiClient.onJson = ({ path }) => {
      const item = { ...person, ...event, ...link, mail: EVIL, file: {} };
      if (path !== '/$batch') return path === '/me' ? item : { value: [item] };
      const inside = { id: '1', status: 200, body: { value: [item] } };
      return { responses: [{ id: '0', status: 200, body: evil }, inside] };
    };
    for (const path of [
      ...['/mail', '/calendar', '/files', '/files/f', '/people', '/groups', '/profile', '/'],
    ]) {
      const { status, text } = await browser.open(path);
      expect(status, path).to.equal(200);
      expect(text, path).to.include('&lt;img src=x');
      expect(text, path).not.to.include('<img src=x').and.not.include('javascript:');
    }
  });

  describe('of the profile', () => {
    beforeEach(() => permitted(web, 'User.Read.All', 'User.ReadBasic.All'));

    it('show manager and reports, each with a permission and failures of its own', async () => {
      web.apiClient.onJson = ({ path, scopes = [] }) => {
        if (path === '/me') return { id: '1', displayName: 'Ada Example' };
        if (path === '/me/manager') throw needsConsent(...scopes);
        return { value: [{ id: '2', displayName: 'Ben Report', jobTitle: 'Clerk' }] };
      };
      const { status, text } = await browser.open('/profile');
      expect(status).to.equal(200);
      expect(text).to.include('Ben Report').and.include('Clerk');
      expect(text).to.match(/<a href="\/sign-in\?challenge=[^"]+">Show my manager<\/a>/);
      const asked = web.apiClient.calls.map(({ path, scopes }) => [path, scopes]);
      expect(asked).to.deep.include(['/me/manager', ['User.Read.All']]);
      expect(asked).to.deep.include(['/me/directReports', ['User.ReadBasic.All']]);
    });

    it('ask the authority for neither before that was permitted', async () => {
      permitted(web, 'User.Read');
      answering({ id: '1', displayName: 'Ada Example' });
      const { text } = await browser.open('/profile');
      expect(text).to.include('Show my manager').and.include('Show my reports');
      expect(web.apiClient.calls.map(({ path }) => path)).to.deep.equal(['/me']);
    });

    it('say who is not there', async () => {
      web.apiClient.onJson = ({ path }) => {
        if (path === '/me') return { id: '1' };
        if (path === '/me/manager') throw new ApiFailed('none', { detail: { apiStatus: 404 } });
        return { value: [] };
      };
      const { text } = await browser.open('/profile');
      expect(text).to.include('Nobody is named').and.include('Nobody reports to you');
    });
  });
});

describe('Without a section for Graph', () => {
  it('there are no Graph pages', async () => {
    const web = await aWeb({ apis: [] });
    const browser = web.aBrowser();
    await browser.signIn();
    for (const path of ['/calendar', '/files', '/people', '/groups', '/mail', '/mail/send']) {
      expect((await browser.open(path)).status, path).to.equal(404);
    }
    expect((await browser.open('/')).text).not.to.include('/calendar');
    await web.close();
  });
});
