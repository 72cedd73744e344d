/** The start page: parts that are loaded at once, each of which fails alone. */
import { expect } from 'chai';
import type { ApiCall } from '../../src/downstream/api-client.ts';
import { ApiFailed, SignInRequired, Unavailable } from '../../src/errors.ts';
import { aWeb, needsConsent, type Web } from './a-web.ts';
import type { Browser } from './browser.ts';
import { permitted } from './permitted.ts';

const at = { dateTime: '2026-11-21T10:00:00.0000000', timeZone: 'UTC' };
const GOOD: Record<string, unknown> = {
  '/me/messages': { value: [{ id: '1', subject: 'Budget', isRead: false }] },
  '/me/calendarView': { value: [{ id: '2', subject: 'Review', start: at, end: at }] },
  '/todos': { value: [{ id: 7, title: 'Buy milk', done: false }] },
};

describe('The start page', () => {
  let web: Web;
  let browser: Browser;
  beforeEach(async () => {
    web = await aWeb();
    browser = web.aBrowser();
    await browser.signIn();
    permitted(web, 'Mail.Read', 'Calendars.Read', 'api://todos/Todos.Read');
  });
  afterEach(() => web.close());

  /** Answers as is good but for one path. */
  const answering = (odd = '', answer: (call: ApiCall) => unknown = () => undefined) => {
    web.apiClient.onJson = (call) => (call.path === odd ? answer(call) : GOOD[call.path]);
  };

  it('shows the newest of several APIs, each with its own permission', async () => {
    answering();
    const { text } = await browser.open('/');
    for (const word of ['Budget', 'Review', '21 Nov 2026, 10:00 UTC', 'Buy milk']) {
      expect(text).to.include(word);
    }
    const scopes = web.apiClient.calls.map((call) => call.scopes ?? call.api.scopes);
    expect(scopes).to.have.deep.members([
      ['Mail.Read'],
      ['Calendars.Read'],
      ['api://todos/Todos.Read'],
    ]);
  });

  it('loads them at once', async () => {
    const { promise: allAsked, resolve } = Promise.withResolvers<void>();
    let asked = 0;
    web.apiClient.onJson = async (call) => {
      asked += 1;
      if (asked === 3) resolve();
      await allAsked;
      return GOOD[call.path];
    };
    expect((await browser.open('/')).text)
      .to.include('Budget')
      .and.include('Buy milk');
  });

  const failures: [string, Error, string][] = [
    ['away', new Unavailable('PRIVATE is away.'), 'Not available just now.'],
    ['refusing', new ApiFailed('Todos does not let you do this.'), 'does not let you do this'],
    ['broken', new TypeError('SECRET-OF-BUG'), 'This site made a mistake'],
    ['wanting a sign-in', new SignInRequired('refresh-token-dead'), 'need to sign in again'],
  ];
  for (const [what, error, words] of failures) {
    it(`says of an API that is ${what} just that, and shows the others`, async () => {
      answering('/todos', () => {
        throw error;
      });
      const { status, text } = await browser.open('/');
      expect(status).to.equal(200);
      expect(text).to.include(words).and.include('Budget').and.include('Review');
      expect(text).not.to.match(/PRIVATE|SECRET-OF-BUG/);
      expect(web.log()).to.include('"event":"part_failed"');
    });
  }

  it('links to where a missing permission is asked for, and leads nobody there by itself', async () => {
    answering('/me/messages', ({ scopes = [] }) => {
      throw needsConsent(...scopes);
    });
    const { status, text } = await browser.open('/');
    expect(status).to.equal(200);
    expect(text).to.include('Review').and.include('Buy milk');
    const link = /<a href="([^"]+)">Show my mail<\/a>/.exec(text)?.[1] ?? '';
    expect(web.authority.asked).to.have.length(1);
    await browser.open(link.replaceAll('&amp;', '&'));
    expect(web.authority.asked.at(-1)?.scopes).to.deep.equal(['Mail.Read']);
    expect(link).to.match(/returnTo=%2F$/);
  });

  it('asks the authority for nothing that was not permitted so far, and links to it', async () => {
    answering();
    permitted(web, 'User.Read', 'Calendars.Read', 'api://other/Todos.Read');
    const { text } = await browser.open('/');
    expect(text).to.include('Review').and.include('Show my mail').and.include('Show my Todos');
    expect(web.apiClient.calls.map(({ path }) => path)).to.deep.equal(['/me/calendarView']);
  });

  it('is there though the store cannot say what was permitted', async () => {
    web.broker.inspect = async () => {
      throw new Unavailable('The store is away.');
    };
    const { status, text } = await browser.open('/');
    expect(status).to.equal(200);
    expect(text.match(/Not available just now/g)).to.have.length(3);
  });

  it('does not wait for an API that is slow, and ends its call', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    answering('/todos', async ({ signal }) => {
      signals.push(signal);
      await new Promise(() => undefined);
    });
    const begun = performance.now();
    const { status, text } = await browser.open('/');
    expect(status).to.equal(200);
    expect(performance.now() - begun).to.be.within(2900, 8000);
    expect(text).to.include('takes too long').and.include('Budget').and.include('Review');
    expect(signals.map((signal) => signal?.aborted)).to.deep.equal([true]);
  });

  it('asks no API anything for someone who is not signed in', async () => {
    const before = web.apiClient.calls.length;
    await web.aBrowser().open('/');
    expect(web.apiClient.calls).to.have.length(before);
  });
});
