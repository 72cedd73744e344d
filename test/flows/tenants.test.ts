/** Many tenants before a sandbox: whose people come in, how an organisation is brought in, and what guests see. */
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { systemClock } from '../../src/clock.ts';
import { passSandbox, type Site, sandboxEnvironment, startSite } from '../support/site.ts';
import { aFolder, freePort } from '../support/site-process.ts';
import { type Page, Visitor } from '../support/visitor.ts';

const CONTOSO = '5d3a1b0e-7c41-4e5b-9a57-0f1c8a2e6b01';
const FABRIKAM = '8e6f2c94-1d7b-4f0a-b3c8-61d5e9a07f02';
const ADA = 'ada@contoso.example';
/** Of Fabrikam, which she administers; a guest in Contoso. */
const CLEO = 'cleo@fabrikam.example';
const DAN = 'dan@fabrikam.example';
const EVE = 'eve@personal.example';

describe('With many tenants, the site', () => {
  let sandbox: Sandbox;
  let site: Site | undefined;
  let env: Record<string, string>;
  let visitor: Visitor;

  beforeEach(async () => {
    sandbox = await startSandbox();
    env = {
      ...sandboxEnvironment(sandbox, await freePort()),
      TokenCache__Store: `sqlite:${join(aFolder(), 'tokens.sqlite')}`,
      TokenCache__EncryptionKeys__0: Buffer.alloc(32, 1).toString('base64'),
      TokenCache__IndexKey: Buffer.alloc(32, 2).toString('base64'),
    };
    visitor = new Visitor();
  });
  afterEach(async () => {
    await site?.close();
    site = undefined;
    await sandbox.close();
  });

  /** Starts the site, or starts it again with other settings and the same store. */
  async function start(changes: Record<string, string> = {}): Promise<void> {
    await site?.close();
    // Until this process has seen that its connections to the one before are closed.
    if (site) await systemClock.sleep(50);
    site = await startSite({ ...env, ...changes });
  }
  const urlOf = (path: string) => `${site?.url}${path}`;
  const linkIn = ({ text }: Page, start: string) =>
    new RegExp(`href="(${start.replace('?', '\\?')}[^"]*)"`)
      .exec(text)?.[1]
      ?.replaceAll('&amp;', '&') ?? '';
  const as = async (who: string, path = '/account', by = visitor) =>
    await passSandbox(by, await by.open(urlOf(path)), who);

  it('lets in the people of the tenants that are allowed, and tells others whom to ask', async () => {
    await start({ AzureAd__AllowedTenants: CONTOSO });
    for (const [who, isAllowed] of [
      [ADA, true],
      [CLEO, false],
      [EVE, false],
    ] as const) {
      const page = await as(who, '/account', new Visitor());
      expect(page.status, who).to.equal(isAllowed ? 200 : 403);
      expect(page.text.includes('Your account'), who).to.equal(isAllowed);
    }
    const refused = await as(CLEO);
    expect(refused.text).to.include(FABRIKAM);
    const other = await visitor.open(urlOf(linkIn(refused, '/sign-in?prompt=select_account')));
    expect((await passSandbox(visitor, other, ADA)).url.pathname).to.equal('/account');
  });

  it('ends the sessions of a tenant that is denied, and lets nobody of it in again', async () => {
    await start();
    await as(CLEO, '/profile');
    await start();
    expect((await visitor.open(urlOf('/profile'))).trail).to.have.length(1);

    await start({ AzureAd__DeniedTenants: FABRIKAM });
    const call = await visitor.fetch(urlOf('/api/graph/me'));
    expect(call.status).to.equal(401);
    expect((await visitor.open(urlOf('/'))).text).not.to.include('Cleo');
    expect((await as(CLEO, '/profile')).status).to.equal(403);
    const asked = sandbox.requests.filter(({ endpoint }) => endpoint === 'token');
    expect(new Set(asked.map(({ grantType }) => grantType))).to.have.keys('authorization_code');
  });

  it('brings in an organisation that has to consent first, by its administrator', async () => {
    await start({ Site__SignInScopes: 'User.Read User.ReadBasic.All' });
    const stopped = await passSandbox(
      visitor,
      await visitor.open(urlOf('/account')),
      DAN,
      'cancel',
    );
    expect(stopped.text).to.include('consent for your organisation');
    const link = urlOf(linkIn(stopped, '/admin-consent?'));

    const administrator = new Visitor();
    const agreed = await passSandbox(administrator, await administrator.open(link), CLEO);
    expect(agreed.url.pathname).to.equal('/admin-consent-callback');
    expect(agreed.text).to.include('Your organisation has agreed');
    const asked = sandbox.requests.find(({ endpoint }) => endpoint === 'admin-consent');
    expect(asked?.path).to.match(/^\/organizations\/v2\.0\/adminconsent\?/);
    const goOn = urlOf(linkIn(agreed, '/sign-in?'));
    expect((await administrator.open(goOn)).url.origin).to.equal(new URL(sandbox.url).origin);

    const page = await as(DAN);
    expect(page.status, page.text).to.equal(200);
    expect(page.text).to.include('User.ReadBasic.All');
  });

  it('sends nothing that one authority gave to another, once its settings name that one', async () => {
    await start();
    await as(ADA, '/profile');
    const other = await startSandbox();
    const scope = `${other.todoResource}/Todos.ReadWrite`;
    other.controls.consentForOrganisation('contoso.example', [scope], demoApp.clientId);
    try {
      const there = {
        AzureAd__Instance: other.url,
        DownstreamApis__Graph__BaseUrl: other.graphUrl,
        DownstreamApis__Todos__BaseUrl: other.todoUrl,
      };
      const before = sandbox.requests.length;
      await start(there);
      for (const path of ['/api/graph/me', '/api/todos/todos']) {
        expect((await visitor.fetch(urlOf(path))).status).to.equal(401);
      }
      expect((await visitor.open(urlOf('/'))).text).not.to.include('Ada');
      const page = await visitor.open(urlOf('/profile'));
      expect(page.url.origin, 'a new sign-in').to.equal(new URL(other.url).origin);
      expect(other.requests.filter(({ endpoint }) => endpoint === 'token')).to.deep.equal([]);

      expect((await passSandbox(visitor, page, ADA)).url.pathname).to.equal('/profile');
      expect((await visitor.fetch(urlOf('/api/todos/todos'))).status).to.equal(200);
      const asked = other.requests.filter(({ endpoint }) => endpoint === 'token');
      expect(asked.map(({ grantType, status }) => `${grantType} ${status}`)).to.deep.equal([
        'authorization_code 200',
        'refresh_token 200',
      ]);
      expect(sandbox.requests).to.have.length(before);
    } finally {
      await other.close();
    }
  });

  it('ends the session of one tenant when its person signs in to another, under other settings', async () => {
    await start({ AzureAd__TenantId: CONTOSO });
    await as(CLEO, '/profile');
    await start({ AzureAd__TenantId: 'organizations' });
    expect((await visitor.fetch(urlOf('/api/graph/me'))).status).to.equal(200);
    const elsewhere = new Visitor();
    await as(CLEO, '/profile', elsewhere);
    expect((await elsewhere.fetch(urlOf('/api/graph/me'))).status).to.equal(200);
    expect((await visitor.fetch(urlOf('/api/graph/me'))).status, 'of Contoso').to.equal(401);
    const again = await as(CLEO, '/profile');
    expect(again.status, 'and nobody is locked out').to.equal(200);
  });

  it('goes on from a session of another tenant in the same browser to a new one', async () => {
    await start({ AzureAd__TenantId: CONTOSO });
    await as(CLEO, '/profile');
    await start({ AzureAd__TenantId: 'organizations' });
    const page = await visitor.open(urlOf('/sign-in?returnTo=/profile&prompt=select_account'));
    const profile = await passSandbox(visitor, page, CLEO);
    expect(profile.status, profile.text).to.equal(200);
    expect(profile.url.pathname).to.equal('/profile');
  });

  it('sends a code to the authority that gave it, and to no other', async () => {
    await start();
    const begun = await visitor.open(urlOf('/profile'));
    const other = await startSandbox();
    try {
      await start({ AzureAd__Instance: other.url });
      const page = await passSandbox(visitor, begun, ADA);
      expect(page.status).to.equal(400);
      expect(page.text).to.include('was changed while you were signing in');
      const asked = other.requests.filter(({ endpoint }) => endpoint === 'token');
      expect(asked).to.deep.equal([]);
    } finally {
      await other.close();
    }
  });

  it('uses nothing of one registration under another, and leaves it to the one it is of', async () => {
    const clientId = 'aaaaaaaa-1111-4222-8333-444444444444';
    sandbox.controls.register({ ...demoApp, clientId, name: 'Another' });
    await start();
    await as(ADA, '/profile');
    await start({ AzureAd__ClientId: clientId });
    const before = sandbox.requests.length;
    expect((await visitor.fetch(urlOf('/api/graph/me'))).status).to.equal(401);
    expect(sandbox.requests, 'nothing was sent').to.have.length(before);
    await start();
    expect((await visitor.fetch(urlOf('/api/graph/me'))).status, 'back again').to.equal(200);
  });

  describe('shows a guest', () => {
    const tidOf = (authorization: unknown): unknown =>
      decodeJwt(String(authorization).replace('Bearer ', ''))['tid'];
    /** Of each call that reached Graph: the tenant of its token. */
    const tenantsCalled = () =>
      sandbox.requests
        .filter(({ endpoint }) => endpoint === 'graph')
        .map(({ headers }) => tidOf(headers['authorization']));
    const home = {
      DownstreamApis__AtHome__BaseUrl: '',
      DownstreamApis__AtHome__Scopes: 'User.Read',
      DownstreamApis__AtHome__AcquireTokenOptions__Tenant: FABRIKAM,
      DownstreamApis__AtHome__Gateway__0__Methods: 'GET',
      DownstreamApis__AtHome__Gateway__0__Path: '/me',
    };
    const call = async (api: string) => {
      const answer = await visitor.fetch(urlOf(`/api/${api}/me`));
      return { status: answer.status, body: await answer.text() };
    };

    beforeEach(async () => {
      home.DownstreamApis__AtHome__BaseUrl = sandbox.graphUrl;
      const lists = { AzureAd__TenantId: 'contoso.example', AzureAd__AllowedTenants: CONTOSO };
      await start({ ...lists, ...home });
    });

    it('in the tenant signed in to, which alone decides whether they are let in', async () => {
      const page = await as(CLEO);
      expect(page.status).to.equal(200);
      expect(page.text).to.include(`<code>${CONTOSO}</code>`).and.include(CLEO);
    });

    it('under one account, whichever tenant they came from', async () => {
      await as(CLEO);
      const cleo = sandbox.users.find(({ username }) => username === CLEO);
      const signedIn = site?.lines.find((line) => line.includes('"event":"sign_in"')) ?? '';
      expect(JSON.parse(signedIn)).to.include({
        account: `${cleo?.id}.${FABRIKAM}`,
        tenantId: CONTOSO,
      });
    });

    it('the data of each tenant by a token of that tenant, kept or refreshed', async () => {
      const scope = 'https://graph.microsoft.com/User.Read';
      sandbox.controls.consentForOrganisation('fabrikam.example', [scope], demoApp.clientId);
      await as(CLEO);
      const calls = async () => {
        for (const api of ['graph', 'athome', 'graph', 'athome']) {
          const { status, body } = await call(api);
          expect(status, body).to.equal(200);
        }
        return tenantsCalled().slice(-4);
      };
      expect(await calls()).to.deep.equal([CONTOSO, FABRIKAM, CONTOSO, FABRIKAM]);
      const refreshes = () =>
        sandbox.requests
          .filter(({ grantType }) => grantType === 'refresh_token')
          .map(({ path }) => path.split('/')[1]);
      expect(refreshes()).to.deep.equal([FABRIKAM]);

      await systemClock.sleep(10);
      sandbox.controls.expireAccessTokens();
      await call('graph');
      await call('athome');
      expect(await calls()).to.deep.equal([CONTOSO, FABRIKAM, CONTOSO, FABRIKAM]);
      expect(refreshes()).to.deep.equal([FABRIKAM, 'contoso.example', FABRIKAM]);
      const page = await as(CLEO);
      expect(page.text).to.include(`of the tenant ${FABRIKAM}`);
      expect(page.text).to.include(`<code>${CONTOSO}</code>`);
    });
  });
});
