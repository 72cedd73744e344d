/** A form that needs the person first: kept, offered again, and sent by nobody but them. */
import { expect } from 'chai';
import { aWeb, type Web } from './a-web.ts';
import { type Answer, type Browser, NAVIGATE } from './browser.ts';

const FIELDS = { session: 'x', text: '<b>hi</b> & "so"', empty: '', _csrf: 'old' };

describe('A form that is sent by someone whose session has ended', () => {
  let web: Web;
  let browser: Browser;
  beforeEach(async () => {
    web = await aWeb();
    browser = web.aBrowser();
  });
  afterEach(() => web.close());

  const send = (fields: Record<string, string> = FIELDS, headers = {}, from = browser) =>
    from.send('/account/sessions/end?from=here', {
      method: 'POST',
      headers: {
        ...NAVIGATE,
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      },
      body: new URLSearchParams(fields).toString(),
    });
  const linkIn = (answer: Answer) =>
    /href="(\/sign-in\?[^"]+)"/.exec(answer.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const comeBack = async (answer: Answer, from = browser) =>
    (await from.signIn(linkIn(answer))).location;

  it('is not done, and not lost: the page says why, and what was written comes back', async () => {
    const answer = await send();
    expect(answer.status).to.equal(401);
    expect(answer.text).to.include('Nothing was sent yet').and.not.include('&quot;so');
    const location = await comeBack(answer);
    expect(location).to.match(/^\/again\/[\w-]{43}$/);
    const page = await browser.open(location);
    expect(page.status).to.equal(200);
    expect(page.text).to.include('action="/account/sessions/end?from=here"');
    expect(page.text).to.include('name="text" value="&lt;b&gt;hi&lt;/b&gt; &amp; &quot;so&quot;"');
    expect(page.text.match(/name="_csrf"/g)).to.have.length(2);
    expect(page.text).not.to.include('value="old"').and.not.include('<b>');
    const csrf = /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    expect((await send({ ...FIELDS, _csrf: csrf })).location).to.include('/account?done=');
  });

  it('is shown to no other browser, and to nobody else in this one', async () => {
    const location = await comeBack(await send());
    const other = web.aBrowser();
    await other.signIn();
    expect((await other.open(location)).status).to.equal(404);
    expect((await browser.open(location)).status).to.equal(200);
    await browser.signOut();
    await browser.signIn();
    expect((await browser.open(location)).status, 'after a sign-out').to.equal(404);
  });

  it('is gone after half an hour', async () => {
    const location = await comeBack(await send());
    web.clock.now += 29 * 60_000;
    expect((await browser.open(location)).status).to.equal(200);
    web.clock.now += 2 * 60_000;
    expect((await browser.open(location)).status).to.equal(404);
  });

  it('is not kept for another site, for a script, or without a form', async () => {
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
      { 'content-type': 'application/json' },
    ]) {
      const answer = await send(FIELDS, headers);
      expect(answer.status).to.be.oneOf([401, 403]);
      expect(answer.text).not.to.include('What you wrote is kept').and.not.include('/again/');
    }
  });

  it('is not claimed to be kept while the store is away', async () => {
    web.store.isDown = true;
    const answer = await send();
    expect(answer.status).to.equal(503);
    expect(answer.text).not.to.include('is kept');
  });
});
