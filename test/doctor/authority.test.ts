/** What the doctor finds at the authority: discovery, clock, and the app registration. */
import { expect } from 'chai';
import type { Finding } from '../../scripts/doctor/check.ts';
import { checkClock } from '../../scripts/doctor/check-clock.ts';
import { checkDiscovery } from '../../scripts/doctor/check-discovery.ts';
import { checkRegistration } from '../../scripts/doctor/check-registration.ts';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { systemClock } from '../../src/clock.ts';
import { type PlainIssuer, startPlainIssuer } from '../support/plain-issuer.ts';
import { freePort } from '../support/site-process.ts';
import { type StubAuthority, startStubAuthority, TENANT } from '../support/stub-authority.ts';
import { findingsOf, wellEnvironment, wordsOf } from './doctor-rig.ts';

describe('The doctor, of the authority', () => {
  let sandbox: Sandbox;
  let stub: StubAuthority;
  let env: Record<string, string>;
  let stubEnv: Record<string, string>;

  before(async () => {
    sandbox = await startSandbox();
  });
  after(async () => {
    await sandbox.close();
  });
  beforeEach(async () => {
    stub = await startStubAuthority();
    env = wellEnvironment(sandbox, 4321);
    stubEnv = { ...env, AzureAd__Instance: stub.origin, AzureAd__TenantId: TENANT };
  });
  afterEach(async () => {
    sandbox.controls.mendAll();
    sandbox.controls.register(demoApp);
    await stub.close();
  });

  describe('in its discovery document and keys', () => {
    it('finds both well, and says how long they took', async () => {
      const [finding] = await findingsOf(checkDiscovery, env);
      expect(finding).to.have.property('result', 'ok');
      expect(finding?.seen).to.match(
        /^http:.*\{tenantid\}\/v2\.0: document in \d+ ms, 2 signing keys in \d+ ms\.$/,
      );
      expect(finding?.tookMs).to.be.a('number');
    });

    it('warns where they are slow to come', async () => {
      let atMs = 0;
      const monotonic = () => {
        atMs += 3500;
        return atMs;
      };
      const options = { clock: { ...systemClock, monotonic } };
      const [finding] = await findingsOf(checkDiscovery, env, options);
      expect(finding).to.have.property('result', 'warning');
      expect(finding?.seen).to.include('in 3500 ms').and.include('slow');
    });

    it('names a tenant that is not there as such, with the way to the right one', async () => {
      const [finding] = await findingsOf(checkDiscovery, {
        ...env,
        AzureAd__TenantId: 'contoso.exampel',
      });
      expect(finding).to.have.property('result', 'failed');
      expect(finding?.seen)
        .to.include('no such tenant')
        .and.include('AADSTS90002')
        .and.include('contoso.exampel');
      expect(finding?.mend?.text).to.include('AzureAd:TenantId');
      expect(finding?.mend?.portal).to.include('Directory (tenant) ID');
      expect(finding?.mend?.command).to.match(/^az account show /);
    });

    it('tells a host that refuses from one whose name nobody knows, and from one that is silent', async () => {
      const port = await freePort();
      const refusing = { ...env, AzureAd__Instance: `http://127.0.0.1:${port}/` };
      const [refused] = await findingsOf(checkDiscovery, refusing);
      expect(refused).to.have.property('result', 'failed');
      expect(refused?.seen).to.equal(`127.0.0.1:${port} refuses connections (ECONNREFUSED).`);
      const unknown = { ...env, AzureAd__Instance: 'https://login.invalid/' };
      const [nameless] = await findingsOf(checkDiscovery, unknown);
      expect(nameless?.result).to.equal('failed');
      expect(nameless?.seen).to.match(/^(login\.invalid does not resolve|No name server answers)/);
      stub.onDiscovery = () => 'silence';
      const [silent] = await findingsOf(checkDiscovery, stubEnv);
      expect(silent?.seen).to.include('does not answer in time');
      expect(silent?.mend?.text).to.include('firewalls');
    }).timeout(20_000);

    it('says “later” of an authority that is ill, and not that its settings are wrong', async () => {
      sandbox.controls.outage('authority', '503json', ['discovery']);
      const [finding] = await findingsOf(checkDiscovery, env);
      expect(finding).to.have.property('result', 'failed');
      expect(finding?.seen).to.include('HTTP 503');
      expect(finding?.mend?.text).to.match(/^Wait/);
    });

    it('fails a document of another authority, and one that holds none', async () => {
      stub.onDiscovery = () => ({
        body: { ...stub.document('common'), issuer: 'https://evil.example/v2.0' },
      });
      const [foreign] = await findingsOf(checkDiscovery, stubEnv);
      expect(foreign).to.have.property('result', 'failed');
      expect(foreign?.seen).to.include('https://evil.example/v2.0');
      stub.onDiscovery = () => ({ body: '<html>proxy</html>' });
      const [page] = await findingsOf(checkDiscovery, stubEnv);
      expect(page).to.have.property('result', 'failed');
      expect(page?.seen).to.include('no discovery document');
    });

    it('fails keys that are none, weak, or not given', async () => {
      stub.keys = [];
      const [none] = await findingsOf(checkDiscovery, stubEnv);
      expect(none).to.have.property('result', 'failed');
      expect(none?.seen).to.include('no signing key that can be used');
      stub.onKeys = () => 'cut';
      const [cut] = await findingsOf(checkDiscovery, stubEnv);
      expect(cut).to.have.property('result', 'failed');
      expect(cut?.seen).to.include('broke');
    });
  });

  describe('in the clock', () => {
    const ahead = (ms: number) => ({ clock: { ...systemClock, now: () => Date.now() + ms } });
    const resultWith = async (ms: number) => (await findingsOf(checkClock, env, ahead(ms)))[0];

    it('takes one that is off by seconds, warns of half a minute, and fails five', async () => {
      expect(await resultWith(0)).to.deep.include({
        result: 'ok',
        seen: 'As the authority’s, to the second.',
      });
      expect(await resultWith(20_000)).to.have.property('result', 'ok');
      const warning = await resultWith(45_000);
      expect(warning).to.have.property('result', 'warning');
      expect(warning?.seen).to.match(/^4[4-6] s ahead of the authority’s\.$/);
      const failed = await resultWith(-400_000);
      expect(failed).to.have.property('result', 'failed');
      expect(failed?.seen).to.match(/^(399|400|401) s behind .*refuses assertions/);
      expect(failed?.mend?.text).to.include('chronyc makestep');
      expect(failed?.mend?.command).to.include('timedatectl set-ntp true');
    });

    it('allows for the age of an answer that a cache gave', async () => {
      const date = new Date(Date.now() - 600_000).toUTCString();
      stub.onDiscovery = () => ({ body: stub.document(TENANT), headers: { date, age: '600' } });
      expect((await findingsOf(checkClock, stubEnv))[0]).to.have.property('result', 'ok');
      stub.onDiscovery = () => ({ body: stub.document(TENANT), headers: { date } });
      expect((await findingsOf(checkClock, stubEnv))[0]).to.have.property('result', 'failed');
    });

    it('reads it from a refusal, too, and says nothing without an answer or a date', async () => {
      const nowhere = { ...env, AzureAd__TenantId: 'contoso.exampel' };
      expect((await findingsOf(checkClock, nowhere))[0]).to.have.property('result', 'ok');
      stub.onDiscovery = () => ({ body: stub.document(TENANT), headers: { date: 'today' } });
      expect((await findingsOf(checkClock, stubEnv))[0]).to.have.property('result', 'skipped');
      await stub.close();
      expect((await findingsOf(checkClock, stubEnv))[0]).to.have.property('result', 'skipped');
    });
  });

  describe('in the registration', () => {
    const of = (findings: readonly Finding[], subject: string) =>
      findings.filter((finding) => finding.subject === subject);

    it('finds the three redirect URIs registered, and the way to sign out', async () => {
      const findings = await findingsOf(checkRegistration, env);
      expect(findings.map(({ result, subject }) => [subject, result])).to.deep.equal([
        ['CallbackPath', 'ok'],
        ['SignedOutCallbackPath', 'ok'],
        ['AdminConsentCallbackPath', 'ok'],
        ['RemoteSignOutPath', 'skipped'],
        ['end_session_endpoint', 'ok'],
      ]);
      expect(findings[0]?.seen).to.equal('http://localhost:4321/signin-oidc is registered.');
    });

    it('tells the front-channel logout URL of a site at https, with the command', async () => {
      const at = { ...env, Site__PublicUrl: 'https://site.example' };
      const [finding] = of(await findingsOf(checkRegistration, at), 'RemoteSignOutPath');
      const logout = 'https://site.example/signout-oidc';
      expect(finding?.mend?.text).to.include(logout);
      expect(finding?.mend?.portal).to.include('Front-channel logout URL');
      expect(finding?.mend?.command).to.include(`'{"web":{"logoutUrl":"${logout}"}}'`);
    });

    it('gives no command for one at plain http, which Entra ID refuses', async () => {
      const [finding] = of(await findingsOf(checkRegistration, env), 'RemoteSignOutPath');
      expect(finding?.result).to.equal('skipped');
      expect(finding?.seen).to.include('takes no plain http');
      expect(finding).not.to.have.property('mend');
    });

    it('gives a command for the Microsoft Graph of the cloud that people sign in to', async () => {
      const offline = async () => {
        throw new TypeError('no network');
      };
      for (const [instance, graph] of [
        ['https://login.microsoftonline.com/', 'graph.microsoft.com'],
        ['https://login.microsoftonline.us/', 'graph.microsoft.us'],
        ['https://login.partner.microsoftonline.cn/', 'microsoftgraph.chinacloudapi.cn'],
        ['https://login.sovcloud-identity.fr/', 'graph.svc.sovcloud.fr'],
        ['https://contoso.ciamlogin.com/', 'graph.microsoft.com'],
      ] as const) {
        const at = { ...env, AzureAd__Instance: instance, AzureAd__TenantId: TENANT };
        const secure = { ...at, Site__PublicUrl: 'https://site.example' };
        const findings = await findingsOf(checkRegistration, secure, { fetch: offline });
        const [finding] = of(findings, 'RemoteSignOutPath');
        const words = wordsOf(finding?.mend?.command);
        const url = `https://${graph}/v1.0/applications(appId='${demoApp.clientId}')`;
        expect(words[words.indexOf('--url') + 1]).to.equal(url);
      }
    });

    it('asks nobody anything: no page of the authority is shown', async () => {
      const before = sandbox.requests.length;
      await findingsOf(checkRegistration, env);
      const asked = sandbox.requests
        .slice(before)
        .filter(({ endpoint }) => endpoint === 'authorize');
      expect(asked).to.have.length(3);
      for (const { path, status } of asked) {
        expect(path).to.include('prompt=none').and.include('code_challenge_method=S256');
        expect(status).to.equal(302);
      }
    });

    it('names the one that is not registered, where it belongs, and a command that adds it', async () => {
      const path = '/another-callback';
      const findings = await findingsOf(checkRegistration, { ...env, AzureAd__CallbackPath: path });
      const [finding] = findings;
      expect(finding).to.deep.include({ result: 'failed', subject: 'CallbackPath' });
      expect(finding?.seen).to.include(`http://localhost:4321${path}`).and.include('AADSTS50011');
      expect(finding?.mend?.portal).to.include('Web > Redirect URIs');
      const id = `--id ${demoApp.clientId}`;
      expect(finding?.mend?.command).to.equal(
        `az ad app update ${id} --web-redirect-uris ` +
          `$(az ad app show ${id} --query web.redirectUris --output tsv) http://localhost:4321${path}`,
      );
      expect(of(findings, 'SignedOutCallbackPath')[0]).to.have.property('result', 'ok');
    });

    it('says once what is wrong with the whole app', async () => {
      const clientId = '00000000-1111-4222-8333-444444444444';
      const findings = await findingsOf(checkRegistration, { ...env, AzureAd__ClientId: clientId });
      const failed = findings.filter(({ result }) => result === 'failed');
      expect(failed).to.have.length(1);
      expect(failed[0]?.seen).to.include('no app with this client ID').and.include('AADSTS700016');
      expect(failed[0]?.mend?.command).to.equal(`az ad app show --id ${clientId}`);
      expect(
        findings.filter(({ result }) => result === 'ok').map(({ subject }) => subject),
      ).to.deep.equal(['end_session_endpoint']);
    });

    it('takes no answer that it cannot judge for a registration', async () => {
      const authorize = 'https://elsewhere.example/';
      for (const answer of [
        { status: 200, body: '<html>Checking your browser</html>' },
        { status: 503, body: 'busy' },
        { status: 302, headers: { location: authorize }, body: '' },
        {
          status: 302,
          headers: {
            location: 'http://localhost:4321/signin-oidc?error=login_required&state=guessed',
          },
          body: '',
        },
        {
          status: 302,
          headers: { location: 'http://localhost:4321/other?error=login_required' },
          body: '',
        },
        { status: 200, body: 'AADSTS90055: busy' },
        'cut' as const,
      ]) {
        stub.onDiscovery = ({ path }) =>
          path.endsWith('/authorize') ? answer : { body: stub.document(TENANT) };
        const [finding] = await findingsOf(checkRegistration, stubEnv);
        const about = JSON.stringify(answer);
        expect(finding?.result, about).to.equal('warning');
        expect(finding?.seen, about).to.include('could not be told');
        expect(finding?.mend?.command).to.match(/--query web\.redirectUris$/);
      }
    });

    it('believes a redirect only to where it is to go, and with an error that is none', async () => {
      const backWith = async (members: Record<string, string>, place?: string) => {
        stub.onDiscovery = ({ path, query }) => {
          if (!path.endsWith('/authorize')) return { body: stub.document(TENANT) };
          const back = new URLSearchParams({ ...members, state: query.get('state') ?? '' });
          const location = `${place ?? query.get('redirect_uri')}?${back}`;
          return { status: 302, headers: { location }, body: '' };
        };
        return (await findingsOf(checkRegistration, stubEnv))[0];
      };
      const nobody = { error: 'login_required' };
      expect(await backWith(nobody)).to.have.property('result', 'ok');
      for (const place of ['http://localhost:4321/other', 'http://localhost:4322/signin-oidc']) {
        expect(await backWith(nobody, place), place).to.have.property('result', 'warning');
      }
      const description = 'AADSTS50194: not multi-tenant';
      const known = await backWith({ error: 'invalid_request', error_description: description });
      expect(known).to.have.property('result', 'failed');
      expect(known?.seen).to.include('AADSTS50194');
      const unknown = await backWith({ error: 'server_error' });
      expect(unknown).to.have.property('result', 'warning');
      expect(unknown?.seen).to.include('back with the error server_error');
    });

    it('lists what has to be registered while the authority is away', async () => {
      await stub.close();
      const findings = await findingsOf(checkRegistration, stubEnv);
      expect(findings.map(({ result }) => result)).to.deep.equal(Array(4).fill('skipped'));
      expect(findings[0]?.seen).to.include('http://localhost:4321/signin-oidc');
    });

    it('warns where signing out ends at this site', async () => {
      stub.onDiscovery = () => ({
        body: { ...stub.document(TENANT), end_session_endpoint: undefined },
      });
      const [finding] = of(await findingsOf(checkRegistration, stubEnv), 'end_session_endpoint');
      expect(finding).to.have.property('result', 'warning');
    });

    it('asks another authority than Entra ID about the callback only, and never says more than it saw', async () => {
      const port = await freePort();
      const issuer: PlainIssuer = await startPlainIssuer({ siteUrl: `http://localhost:${port}` });
      const plain = { ...env, ...issuer.environment, Site__PublicUrl: `http://localhost:${port}` };
      for (const name of ['AzureAd__Instance', 'AzureAd__TenantId'])
        Reflect.deleteProperty(plain, name);
      const good = await findingsOf(checkRegistration, plain);
      const bad = await findingsOf(checkRegistration, {
        ...plain,
        AzureAd__CallbackPath: '/another-callback',
      });
      await issuer.close();
      expect(good[0]).to.deep.include({ subject: 'CallbackPath', result: 'ok' });
      expect(good[1]).to.deep.include({ subject: 'SignedOutCallbackPath', result: 'skipped' });
      expect(bad[0]).to.deep.include({ subject: 'CallbackPath', result: 'warning' });
      expect(bad[0]?.mend?.command).to.equal(undefined);
    });
  });
});
