/** What a link may ask of a sign-in: a prompt and a domain, which choose no account. */
import { expect } from 'chai';
import { aWeb, type Web } from './a-web.ts';

describe('A link to sign in', () => {
  let web: Web;
  beforeEach(async () => {
    web = await aWeb();
  });
  afterEach(() => web.close());

  const asked = () => {
    const { prompt, loginHint, domainHint } = web.authority.asked.at(-1) ?? {};
    return { prompt, loginHint, domainHint };
  };

  for (const prompt of ['login', 'select_account', 'consent']) {
    it(`may ask for the prompt ${prompt}, with a hint`, async () => {
      await web.aBrowser().open(`/sign-in?prompt=${prompt}&login_hint=ada`);
      expect(asked()).to.deep.equal({ prompt, loginHint: 'ada', domainHint: undefined });
    });
  }

  for (const prompt of ['none', 'create', 'LOGIN', 'login consent', '', 'toString']) {
    it(`is followed without the prompt "${prompt}"`, async () => {
      await web.aBrowser().open(`/sign-in?prompt=${encodeURIComponent(prompt)}`);
      expect(asked().prompt).to.equal(undefined);
    });
  }

  const label = 'a'.repeat(63);
  for (const domain of [
    'contoso.example',
    'Sub-1.contoso.onmicrosoft.com',
    'organizations',
    'consumers',
    [label, label, label, label.slice(2)].join('.'),
  ]) {
    it(`may name the domain ${domain.slice(0, 40)}`, async () => {
      await web.aBrowser().open(`/sign-in?domain_hint=${domain}`);
      expect(asked()).to.deep.equal({
        prompt: undefined,
        loginHint: undefined,
        domainHint: domain,
      });
    });
  }

  for (const domain of [
    '',
    'contoso',
    'contoso..example',
    '.example',
    'contoso.example/x',
    'contoso.example\n',
    'a b.example',
    'ä.example',
    `${label}a.example`,
    [label, label, label, label].join('.'),
    'common',
  ]) {
    it(`is followed without the domain ${JSON.stringify(domain).slice(0, 40)}`, async () => {
      await web.aBrowser().open(`/sign-in?domain_hint=${encodeURIComponent(domain)}`);
      expect(web.authority.asked).to.have.length(1);
      expect(asked().domainHint).to.equal(undefined);
    });
  }

  it('keeps asking which account after a sign-out, or asks for more', async () => {
    for (const [wanted, prompt] of [
      ['login', 'login'],
      ['consent', 'select_account'],
      ['select_account', 'select_account'],
      ['none', 'select_account'],
    ]) {
      const browser = web.aBrowser();
      await browser.signIn();
      await browser.signOut();
      await browser.open(`/sign-in?prompt=${wanted}&login_hint=ada&domain_hint=contoso.example`);
      expect(asked()).to.deep.equal({
        prompt,
        loginHint: undefined,
        domainHint: 'contoso.example',
      });
    }
  });

  it('of another site names no account to someone who is signed in, whatever it asks', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    for (const [wanted, prompt] of [
      ['login', 'login'],
      ['consent', 'select_account'],
    ]) {
      const path = `/sign-in?prompt=${wanted}&login_hint=bob&domain_hint=contoso.example`;
      await browser.open(path, { 'sec-fetch-site': 'cross-site' });
      expect(asked()).to.deep.equal({
        prompt,
        loginHint: undefined,
        domainHint: 'contoso.example',
      });
      await browser.open(path, { 'sec-fetch-site': 'same-origin' });
      expect(asked()).to.deep.equal({
        prompt: wanted,
        loginHint: 'bob',
        domainHint: 'contoso.example',
      });
    }
  });
});
