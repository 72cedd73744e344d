/** Writing mail: explained before it is asked for, and nothing that was written is lost. */
import { expect } from 'chai';
import { ApiFailed, Unavailable } from '../../src/errors.ts';
import { anAnswer, aWeb, needsConsent, type Web } from './a-web.ts';
import type { Browser } from './browser.ts';

const EVIL = `</textarea><img src=x onerror=alert(1)>"'`;
const MAIL = { to: 'bob@contoso.example', subject: 'Hello', text: 'Line one\nline two' };

describe('Writing mail', () => {
  let web: Web;
  let browser: Browser;
  beforeEach(async () => {
    web = await aWeb();
    browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onStream = () => anAnswer('', 'text/plain', { status: 202 });
  });
  afterEach(() => web.close());

  const csrf = async () =>
    /name="_csrf" value="([^"]+)"/.exec((await browser.open('/account')).text)?.[1] ?? '';
  const send = async (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    browser.send('/mail/send', {
      method: 'POST',
      headers: {
        ...{ accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
        ...{ 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
        ...headers,
      },
      body: new URLSearchParams({ _csrf: await csrf(), ...fields }).toString(),
    });
  const sent = () => web.apiClient.calls.filter(({ path }) => path === '/me/sendMail');

  it('is explained before its permission is asked for, on a page of this site', async () => {
    web.broker.tokenFault = needsConsent('Mail.Send');
    const { status, text } = await browser.open('/mail/send');
    expect(status).to.equal(200);
    expect(text).to.include('once you permit it').and.not.include('<textarea');
    const link = /href="([^"]+)">Permit sending/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(web.authority.asked).to.have.length(1);
    await browser.open(link);
    expect(web.authority.asked.at(-1)?.scopes).to.deep.equal(['Mail.Send']);
  });

  it('is to oneself unless one says otherwise', async () => {
    const { text } = await browser.open('/mail/send');
    expect(text).to.include('value="ada@contoso.example"').and.include('<textarea');
    expect(web.broker.asked.at(-1)?.request.scopes).to.deep.equal(['Mail.Send']);
  });

  it('sends what was written, once, and says so', async () => {
    const answer = await send({ ...MAIL, to: 'bob@contoso.example; ada@contoso.example,' });
    expect([answer.status, answer.location]).to.deep.equal([303, '/mail/send?done=sent']);
    expect(sent()).to.have.length(1);
    const [call] = sent();
    expect(call).to.include({ method: 'POST' });
    expect(call?.scopes).to.deep.equal(['Mail.Send']);
    const { message } = JSON.parse(String(call?.body));
    expect(message.toRecipients).to.deep.equal([
      { emailAddress: { address: 'bob@contoso.example' } },
      { emailAddress: { address: 'ada@contoso.example' } },
    ]);
    expect(message.subject).to.equal('Hello');
    expect(message.body).to.deep.equal({ contentType: 'Text', content: MAIL.text });
    expect((await browser.open(answer.location)).text).to.include('on its way');
  });

  const faults: [string, Record<string, string>, string][] = [
    ['nobody to send it to', { to: ' , ' }, 'Say whom it is for'],
    ['no address', { to: `bob@contoso.example ${EVIL.replaceAll(' ', '')}` }, 'is no mail address'],
    [
      'too many',
      { to: Array.from({ length: 11 }, (_, i) => `a${i}@x.example`).join() },
      '10 people',
    ],
    ['no subject', { subject: ' ' }, 'Give it a subject'],
    ['a subject of two lines', { subject: 'a\r\nBcc: b@x.example' }, 'more than one line'],
    ['too long a subject', { subject: 's'.repeat(201) }, 'longer than 200'],
    ['no text', { text: '\n' }, 'Write something'],
    ['too long a text', { text: 'é'.repeat(4001) }, '4001 characters'],
  ];
  for (const [what, odd, words] of faults) {
    it(`with ${what} is shown again with what is wrong, and nothing is sent`, async () => {
      const answer = await send({ ...MAIL, text: `${EVIL} kept`, ...odd });
      expect(answer.status).to.equal(400);
      expect(answer.text).to.include(words);
      if (!('text' in odd)) expect(answer.text).to.include('&lt;/textarea&gt;&lt;img src=x');
      expect(answer.text).not.to.include('<img src=x');
      expect(sent()).to.be.empty;
    });
  }

  it('with fields missing is no fault of this site', async () => {
    expect((await send({})).status).to.equal(400);
    expect(web.log()).not.to.include('"level":50');
  });

  it('that Graph refuses or does not answer is shown again with why', async () => {
    for (const [error, status, words] of [
      [new ApiFailed('Graph refused the request (400).'), 502, 'refused the request'],
      [new Unavailable('Graph broke off.', { outcome: 'unknown' }), 503, 'Look before you repeat'],
    ] as const) {
      web.apiClient.onStream = () => {
        throw error;
      };
      const answer = await send(MAIL);
      expect(answer.status).to.equal(status);
      expect(answer.text).to.include(words).and.include('line two').and.include('Not sent.');
    }
  });

  it('whose permission is missing by then is held back, not lost', async () => {
    web.apiClient.onStream = () => {
      throw needsConsent('Mail.Send');
    };
    const answer = await send(MAIL);
    expect(answer.status).to.equal(401);
    const link = /href="(\/sign-in\?[^"]+)"/.exec(answer.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const back = await browser.signIn(link);
    expect(back.location).to.match(/^\/again\//);
    expect((await browser.open(back.location)).text).to.include('line two');
  });

  it('is refused from another site', async () => {
    expect((await send(MAIL, { 'sec-fetch-site': 'cross-site' })).status).to.equal(403);
    expect((await send({ ...MAIL, _csrf: 'wrong' })).status).to.equal(403);
    expect(sent()).to.be.empty;
  });
});
