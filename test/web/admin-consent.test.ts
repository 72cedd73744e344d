/** Consent of an administrator: offered where a person cannot consent, and believed of nobody. */
import { expect } from 'chai';
import { SignInFailed, SignInRequired } from '../../src/errors.ts';
import { ADA, aWeb, GRAPH, needsConsent, type Web } from './a-web.ts';
import type { Answer, Browser } from './browser.ts';

describe('Consent of an administrator', () => {
  let web: Web;
  let browser: Browser;
  beforeEach(async () => {
    web = await aWeb();
    browser = web.aBrowser();
  });
  afterEach(() => web.close());

  const linkIn = (answer: Answer) =>
    /href="(\/admin-consent\?[^"]+)"/.exec(answer.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
  /** Up to the page that says that the consent was declined. */
  const decline = async () => {
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    web.authority.fault.redeemCode = new SignInFailed('declined', 'no', { scopes: ['Mail.Read'] });
    const page = await browser.signIn('/mail?page=2');
    web.authority.fault = {};
    return page;
  };
  const callback = (state: string, query = 'admin_consent=True&tenant=anyone') =>
    browser.open(`/admin-consent-callback?${query}&state=${encodeURIComponent(state)}`);
  const stateOf = (answer: Answer) => URL.parse(answer.location)?.searchParams.get('state') ?? '';

  it('is offered where a consent was declined, for exactly what was asked', async () => {
    const answer = await browser.open(linkIn(await decline()));
    const url = URL.parse(answer.location);
    expect(url?.pathname).to.equal('/adminconsent');
    expect(url?.searchParams.get('scope')).to.equal('https://graph.microsoft.com/Mail.Read');
  });

  it('is asked for at the Graph of the cloud that people sign in to, or that is called', async () => {
    for (const [host, graph, asked] of [
      ['login.microsoftonline.us', 'graph.test', 'https://graph.microsoft.us/Mail.Read'],
      [
        'login.microsoftonline.us',
        'dod-graph.microsoft.us',
        'https://dod-graph.microsoft.us/Mail.Read',
      ],
      [
        'login.partner.microsoftonline.cn',
        'graph.test',
        'https://microsoftgraph.chinacloudapi.cn/Mail.Read',
      ],
    ] as const) {
      await web.close();
      const instance = new URL(`https://${host}/`);
      const apis = [{ ...GRAPH, baseUrl: new URL(`https://${graph}/v1.0`) }];
      web = await aWeb({ apis, authority: { kind: 'entra', instance, tenantId: 'common' } });
      browser = web.aBrowser();
      await browser.open(linkIn(await decline()));
      expect(web.authority.consents.at(-1)?.scopes).to.deep.equal([asked]);
    }
  });

  it('is offered where a consent did not help', async () => {
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('api://todos/Todos.Read');
    };
    const end = await browser.signIn('/mail');
    const page = await browser.open(end.location);
    expect(page.text).to.include('That was not enough');
    const url = URL.parse((await browser.open(linkIn(page))).location);
    expect(url?.searchParams.get('scope')).to.equal('api://todos/Todos.Read');
  });

  it('leads back to the page that wanted it, by a new sign-in for the same scopes', async () => {
    const state = stateOf(await browser.open(linkIn(await decline())));
    const page = await callback(state);
    expect(page.text).to.include('Your organisation has agreed').and.include('Mail.Read');
    const link = /href="(\/sign-in\?[^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    web.apiClient.onJson = () => ({ value: [] });
    expect((await browser.signIn(link)).location).to.equal('/mail?page=2');
    expect(web.authority.asked.at(-1)?.scopes).to.deep.equal(['Mail.Read']);
  });

  it('says so when it was refused, whatever else the answer says', async () => {
    const state = stateOf(await browser.open(linkIn(await decline())));
    const page = await callback(state, 'admin_consent=True&error=access_denied&tenant=x');
    expect(page.text).to.include('Your organisation has not agreed');
    expect(page.text).not.to.include('access_denied').and.not.include('tenant');
  });

  it('changes nothing here by itself, whoever calls it', async () => {
    await browser.signIn();
    const kept = web.broker.kept.length;
    for (const state of ['', 'forged', 'x'.repeat(5000)]) {
      const page = await callback(state);
      expect(page.status).to.equal(200);
      expect(page.text).not.to.include('/sign-in?');
      expect(page.text, 'nobody’s word').not.to.match(/has (not )?agreed/);
      expect(page.text).to.include('Nothing is known here of this request');
    }
    const page = await web.aBrowser().open('/admin-consent-callback?admin_consent=True');
    expect(page.status).to.equal(200);
    expect(page.text).not.to.match(/has (not )?agreed/);
    expect((await callback('forged', 'error=access_denied')).text).not.to.include('agreed');
    expect(web.broker.kept).to.have.length(kept);
    expect((await browser.open('/')).text).to.include('Hello, Ada');
  });

  it('may be given by whoever the link was sent to, and by nobody’s own words', async () => {
    const link = linkIn(await decline());
    const administrator = web.aBrowser();
    const answer = await administrator.open(link);
    expect(URL.parse(answer.location)?.searchParams.get('scope')).to.include('Mail.Read');
    const state = encodeURIComponent(stateOf(answer));
    const page = await administrator.open(
      `/admin-consent-callback?admin_consent=True&state=${state}`,
    );
    expect(page.text)
      .to.include('has agreed')
      .and.not.include('/sign-in?')
      .and.not.include('page=2');
    for (const path of ['/admin-consent', '/admin-consent?challenge=forged']) {
      expect((await browser.open(path)).status).to.equal(404);
    }
    web.clock.now += 61 * 60_000;
    expect((await administrator.open(link)).status).to.equal(404);
  });

  describe('is not opened', () => {
    /** The challenge of a link to sign in, which a script is given. */
    const signInChallenge = async (required: SignInRequired) => {
      await browser.signIn();
      web.apiClient.onStream = () => {
        throw required;
      };
      const { signInUrl } = (await browser.fetch('/api/graph/me')).json();
      return new URL(String(signInUrl)).searchParams.get('challenge') ?? '';
    };
    const expectClosed = async (challenge: string) => {
      const link = `/admin-consent?${new URLSearchParams({ challenge })}`;
      expect((await browser.open(link)).status).to.equal(404);
      expect(web.authority.consents).to.deep.equal([]);
      const page = await callback(challenge);
      expect(page.text).to.include('Nothing is known here').and.not.include('/sign-in?');
    };

    it('by a challenge that asks for no scope', async () => {
      const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
      await expectClosed(await signInChallenge(new SignInRequired('interaction', { claims })));
    });

    it('by one of a personal account, which has no administrator', async () => {
      web.authority.identity = { ...ADA, tenantId: 'personal' };
      await expectClosed(await signInChallenge(needsConsent('Mail.Read')));
    });

    it('where the authority has no administrators', async () => {
      const challenge = await signInChallenge(needsConsent('Mail.Read'));
      web.authority.hasAdministrators = () => false;
      await expectClosed(challenge);
    });
  });

  describe('for somebody who could not sign in', () => {
    /** A first sign-in that fails as the authority says. */
    const refused = async (error: string, errorCodes: number[], scopes = ['User.Read']) => {
      const detail = { error, errorCodes };
      web.authority.fault.redeemCode = new SignInFailed('declined', 'no', { detail, scopes });
      const page = await browser.signIn('/sign-in?returnTo=%2Fmail%3Fpage%3D2');
      web.authority.fault = {};
      return page;
    };
    const consentUrl = async (page: Answer, who = browser) =>
      URL.parse((await who.open(linkIn(page))).location);

    for (const [error, code, heading] of [
      ['consent_required', 65001, 'An administrator has to agree first'],
      ['consent_required', 90094, 'An administrator has to agree first'],
      ['access_denied', 90094, 'An administrator has to agree first'],
      ['access_denied', 65004, 'You said no, and that is fine'],
    ] as const) {
      it(`is offered after ${error} with AADSTS${code}, in whatever tenant they are`, async () => {
        const page = await refused(error, [code]);
        expect(page.status).to.equal(400);
        expect(page.text).to.include(heading);
        const url = await consentUrl(page, web.aBrowser());
        expect(url?.searchParams.get('scope')).to.equal('https://graph.microsoft.com/User.Read');
        expect(web.authority.consents.at(-1)?.tenantId).to.equal(undefined);
      });
    }

    it('is offered for the sign-in itself where it asks for nothing more', async () => {
      const url = await consentUrl(await refused('access_denied', [90094], []));
      expect(url?.searchParams.get('scope')).to.equal('openid profile offline_access');
    });

    it('is not offered where consent was not what failed', async () => {
      expect(linkIn(await refused('access_denied', []))).to.equal('');
      expect(linkIn(await refused('access_denied', [50_105]))).to.equal('');
    });

    it('leads to a new sign-in, and to no page that somebody else had wanted', async () => {
      const state = stateOf(await browser.open(linkIn(await refused('access_denied', [90094]))));
      const page = await callback(state);
      expect(page.text).to.include('has agreed').and.include('href="/sign-in?returnTo=%2F"');
      expect(page.text).not.to.include('page=2').and.not.include('challenge=');
    });

    it('is no challenge that an account could answer in their place', async () => {
      const state = stateOf(await browser.open(linkIn(await refused('access_denied', [90094]))));
      await browser.signIn();
      await browser.open(`/sign-in?challenge=${encodeURIComponent(state)}`);
      expect(web.authority.asked.at(-1)).to.include({ prompt: 'select_account' });
    });

    it('names no tenant of an account that was signed in here already', async () => {
      await browser.signIn();
      await consentUrl(await refused('consent_required', [90094]));
      expect(web.authority.consents.at(-1)?.tenantId).to.equal(undefined);
    });
  });

  it('is not offered to someone whose tenant has no administrator', async () => {
    web.authority.identity = { ...ADA, tenantId: 'personal' };
    expect(linkIn(await decline())).to.equal('');
  });
});
