/** The pages of Graph, over real HTTP against the sandbox: each asks for its own when it is opened. */
import { expect } from 'chai';
import { otherHost } from '../../scripts/sandbox/other-host.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { passSandbox, type Site, sandboxEnvironment, startSite } from '../support/site.ts';
import { freePort } from '../support/site-process.ts';
import { type Page, Visitor } from '../support/visitor.ts';

const ADA = 'ada@contoso.example';
const BEN = 'ben@contoso.example';

describe('With Graph, a person', () => {
  let site: Site;
  let sandbox: Sandbox;
  let visitor: Visitor;

  beforeEach(async () => {
    sandbox = await startSandbox();
    const port = await freePort();
    site = await startSite({
      ...sandboxEnvironment(sandbox, port),
      DownstreamApis__Graph__RedirectHosts: otherHost(new URL(sandbox.url), '/').host,
    });
    visitor = new Visitor();
  });
  afterEach(async () => {
    await site.close();
    await sandbox.close();
  });

  const at = (path: string) => `${site.url}${path}`;
  const open = (path: string) => visitor.open(at(path));
  /** Opens a page as someone who consents to whatever it asks for. */
  const openAs = async (path: string, username = ADA): Promise<Page> =>
    passSandbox(visitor, await open(path), username);
  const asked = (page: Page) =>
    page.trail
      .find((url) => url.pathname.endsWith('/authorize'))
      ?.searchParams.get('scope')
      ?.split(' ');
  const follow = (page: Page, link: RegExp) =>
    open((link.exec(page.text)?.[1] ?? '/no-such-link').replaceAll('&amp;', '&'));
  const calls = (path: string) =>
    sandbox.requests.filter((call) => call.endpoint === 'graph' && call.path.includes(path));

  it('is asked for each permission by the page that needs it, when it is opened', async () => {
    await openAs('/profile');
    for (const [path, scope] of [
      ['/mail', 'Mail.Read'],
      ['/calendar', 'Calendars.Read'],
      ['/files', 'Files.Read'],
      ['/people', 'People.Read'],
    ] as const) {
      const page = await open(path);
      expect(asked(page), path).to.include(scope);
      const shown = await passSandbox(visitor, page, ADA);
      expect([shown.status, shown.url.href], path).to.deep.equal([200, at(path)]);
    }
  });

  it('goes through all mail, page by page, and finds what is searched for', async () => {
    const first = await openAs('/mail');
    const subjects = (page: Page) => [...page.text.matchAll(/class="message[ "]/g)].length;
    expect(subjects(first)).to.equal(24);
    const found = await open('/mail?q=payslip');
    expect(found.text).to.include('found for “payslip”').and.include('Your November payslip');
    expect(subjects(found)).to.be.within(1, 5);
    for (const words of ['"', 'a" OR "b', '\\', '" subject:x', 'zebra']) {
      const page = await open(`/mail?${new URLSearchParams({ q: words })}`);
      expect(page.status, words).to.equal(200);
      expect(page.text, words).to.include('Nothing was found');
    }
  });

  it('sees this week, and the weeks around it', async () => {
    const page = await openAs('/calendar');
    expect(page.text).to.include('Stand-up').and.include('09:00–09:15');
    const before = await follow(page, /href="([^"]+)" rel="prev"/);
    expect(before.status).to.equal(200);
    expect(before.text).not.to.include('Stand-up');
    expect((await follow(before, /href="([^"]+)" rel="next"/)).text).to.include('Stand-up');
  });

  it('goes through folders, and takes a file away without a token going along', async () => {
    const page = await openAs('/files');
    expect(page.text).to.include('Photos').and.include('Plans');
    const folder = await follow(page, /href="(\/files\/[^"]+)">Photos/);
    expect(folder.text).to.include('<h1>Photos</h1>');
    const up = await follow(folder, /href="([^"]+)">Up to the folder/);
    expect(up.text).to.include('<h1>Files</h1>');
    const links = [...up.text.matchAll(/href="(\/files\/[^"]+\/content)">[^<]+\.(?!mp4)/g)];
    expect(links).not.to.be.empty;
    for (const [, link = ''] of links) {
      const file = await open(link);
      expect(file.status, link).to.equal(200);
      expect(file.headers.get('content-disposition')).to.match(/^attachment;/);
      expect(file.headers.get('content-security-policy')).to.include('sandbox');
      expect(Number(file.headers.get('content-length')), link).to.be.above(0);
    }
    const large = await visitor.fetch(at('/files/big-30000000/content'));
    expect((await large.arrayBuffer()).byteLength).to.equal(30_000_000);
    const host = sandbox.requests.filter(({ endpoint }) => endpoint === 'files');
    expect(host).to.have.length(links.length + 1);
    expect(host.filter(({ headers }) => headers['authorization'])).to.deep.equal([]);
  });

  it('sees manager and reports where each is permitted', async () => {
    const page = await openAs('/profile', BEN);
    expect(page.text).to.include('Show my manager').and.include('Show my reports');
    const reports = await passSandbox(
      visitor,
      await follow(page, /<a href="([^"]+)">Show my reports/),
      BEN,
    );
    expect(reports.url.pathname).to.equal('/profile');
    expect(reports.text).to.include('Nobody reports to you').and.include('Show my manager');
  });

  it('sees the ids of groups, and their names once an administrator permits it', async () => {
    const page = await openAs('/groups');
    expect(page.status).to.equal(200);
    expect(page.text).to.include('not shown to you here').and.include('Show the names');
    const named = await openAs('/groups?names=1');
    expect(named.url.href).to.equal(at('/groups?names=1'));
    expect(named.text).not.to.include('not shown to you here');
  });

  it('sees at the start what is permitted, and links for the rest', async () => {
    await openAs('/mail');
    const page = await open('/');
    expect(page.url.href).to.equal(at('/'));
    expect(page.text).to.include('unread').and.include('Show my calendar');
    expect(page.text).to.include('Show my Todos');
    const back = await passSandbox(
      visitor,
      await follow(page, /<a href="([^"]+)">Show my calendar/),
      ADA,
    );
    expect(back.url.href).to.equal(at('/'));
    expect(back.text).not.to.include('Show my calendar');
  });

  it('sees the start though Graph is down', async () => {
    await openAs('/mail');
    sandbox.controls.outage('graph', '503json');
    const page = await open('/');
    expect(page.status).to.equal(200);
    expect(page.text).to.include('Not available just now').and.include('Show my Todos');
  });

  it('writes to themselves, once sending is explained and permitted', async () => {
    await openAs('/profile');
    const offer = await open('/mail/send');
    expect(offer.url.href).to.equal(at('/mail/send'));
    const form = await passSandbox(
      visitor,
      await follow(offer, /href="([^"]+)">Permit sending/),
      ADA,
    );
    expect(form.url.href).to.equal(at('/mail/send'));
    const mail = { subject: 'Note to self', text: 'Buy “leeks”\n& potatoes' };
    const sent = await visitor.submit(form, 'action="/mail/send"', mail);
    expect(sent.text).to.include('on its way');
    expect(sandbox.sentMail.map(({ from, to, subject }) => [from, to, subject])).to.deep.equal([
      [ADA, [ADA], 'Note to self'],
    ]);
    expect(sandbox.sentMail[0]?.content.replaceAll('\r\n', '\n')).to.equal(mail.text);
    const bad = await visitor.submit(form, 'action="/mail/send"', { ...mail, to: 'nobody' });
    expect(bad.status).to.equal(400);
    expect(bad.text).to.include('Buy “leeks”').and.include('is no mail address');
    expect(sandbox.sentMail).to.have.length(1);
  });

  it('waits for a throttled Graph, inside a batch too, and sees no error', async () => {
    const files = await openAs('/files');
    sandbox.controls.throttle('graph', 1, 1, '/me/drive*');
    const folder = await follow(files, /href="(\/files\/[^"]+)">Photos/);
    expect(folder.status).to.equal(200);
    expect(folder.text).to.include('<h1>Photos</h1>');
    expect(calls('/me/drive').filter(({ status }) => status === 429)).to.have.length(1);
  });

  it('whose session Graph revoked meanwhile sees their files all the same', async () => {
    const files = await openAs('/files');
    sandbox.controls.challenge('graph', 'revoked');
    const folder = await follow(files, /href="(\/files\/[^"]+)">Photos/);
    expect(folder.status).to.equal(200);
    expect(folder.text).to.include('<h1>Photos</h1>');
    expect(calls('/$batch').map(({ status }) => status)).to.deep.equal([200, 200]);
  });
});
