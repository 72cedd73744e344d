/** How often sign-ins may be begun, and who counts as one. */
import { expect } from 'chai';
import { aWeb, BOB, needsConsent, type Web } from './a-web.ts';
import type { Answer, Browser } from './browser.ts';

const A_MINUTE = 60;

describe('The limit on sign-ins', () => {
  let web: Web;
  beforeEach(async () => {
    web = await aWeb({ trustProxy: true });
  });
  afterEach(() => web.close());

  async function open(browser: Browser, path: string, times: number, from = '192.0.2.1') {
    let answer: Answer | undefined;
    for (let n = 0; n < times; n += 1) {
      answer = await browser.open(path, { 'x-forwarded-for': from });
    }
    return answer?.status;
  }

  it('counts those that a page begins, by account, wherever it is', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    const asked = web.authority.asked.length;
    expect(await open(browser, '/mail', A_MINUTE / 2, '192.0.2.1')).to.equal(302);
    expect(await open(browser, '/mail', A_MINUTE / 2, '192.0.2.2')).to.equal(302);
    expect(await open(browser, '/mail', 1, '192.0.2.3')).to.equal(429);
    expect(web.authority.asked.length - asked).to.equal(A_MINUTE);
    expect((await browser.open('/')).text).to.include('Hello, Ada');

    web.authority.identity = BOB;
    const other = web.aBrowser();
    await other.signIn();
    expect(await open(other, '/mail', 1)).to.equal(302);
  });

  it('counts a network of IPv6 as one', async () => {
    const browser = web.aBrowser();
    expect(await open(browser, '/sign-in', A_MINUTE, '2001:db8:1:2::1')).to.equal(302);
    expect(await open(browser, '/sign-in', 1, '2001:db8:1:2:ffff::9')).to.equal(429);
    expect(await open(browser, '/sign-in', 1, '2001:db8:1:3::1')).to.equal(302);
  });

  it('takes nothing for an address that is none', async () => {
    const browser = web.aBrowser();
    expect(await open(browser, '/sign-in', A_MINUTE, 'unknown')).to.equal(302);
    expect(await open(browser, '/sign-in', 1, 'another')).to.equal(429);
    expect(await open(browser, '/sign-in', 1, '192.0.2.1')).to.equal(302);
  });

  it('holds for callbacks', async () => {
    const browser = web.aBrowser();
    expect(await open(browser, '/signin-oidc?state=x', A_MINUTE)).to.equal(400);
    expect(await open(browser, '/signin-oidc?state=x', 1)).to.equal(429);
  });
});
