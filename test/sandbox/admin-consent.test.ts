/** Consent that only administrators of the sandbox's tenants can give, on the way in and by its own endpoint. */
import { expect } from 'chai';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { signInAt } from '../../scripts/sandbox/sign-in-at.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { callback, TestClient } from './test-client.ts';

const [ada, ben] = ['ada@contoso.example', 'ben@contoso.example'];
const cleo = 'cleo@fabrikam.example';
const scope = 'openid offline_access GroupMember.Read.All';

describe('Sandbox admin consent', () => {
  let sandbox: Sandbox;
  let client: TestClient;
  beforeEach(async () => {
    sandbox = await startSandbox();
    client = new TestClient(sandbox);
  });
  afterEach(() => sandbox.close());

  const arrive = (username: string, more: object = {}) =>
    signInAt(client.authorizeUrl({ scope }), { username, ...more });

  describe('on the way in', () => {
    it('is needed by others, who return without it', async () => {
      const { callback: back, headings } = await arrive(ben, { consent: 'cancel' });
      expect(headings.at(-1)).to.equal('Need admin approval');
      expect(Object.fromEntries(back.searchParams)).to.include({
        error: 'access_denied',
        error_subcode: 'cancel',
      });
      expect(back.searchParams.get('error_description')).to.match(/^AADSTS65004: /);
    });

    it('is told to a silent request as consent_required with AADSTS90094', async () => {
      const cookies = new Map<string, string>();
      await signInAt(client.authorizeUrl(), { username: ben, cookies });
      const silent = client.authorizeUrl({ scope, prompt: 'none' });
      const { callback: back } = await signInAt(silent, { username: ben, cookies });
      expect(back.searchParams.get('error')).to.equal('consent_required');
      expect(back.searchParams.get('error_description')).to.match(/^AADSTS90094: /);
    });

    it('is given by an administrator for herself, and then for nobody else', async () => {
      expect((await arrive(ada)).callback.searchParams.has('code')).to.equal(true);
      expect((await arrive(ben, { consent: 'cancel' })).headings).to.include('Need admin approval');
    });

    it('is given by an administrator for everyone', async () => {
      await arrive(ada, { forOrganisation: true });
      const { callback: back, headings } = await arrive(ben);
      expect(headings).to.deep.equal(['Sign in', 'Enter password']);
      expect(back.searchParams.has('code')).to.equal(true);
    });

    it('is not given by ticking a box that the page does not show', async () => {
      const ordinary = client.authorizeUrl({ scope: 'openid Mail.Read' });
      await signInAt(ordinary, { username: ben, forOrganisation: true });
      const { headings } = await signInAt(ordinary, { username: ada });
      expect(headings).to.include('Permissions requested');
    });

    it('is not given by a guest, who administers another tenant', async () => {
      const guest = new TestClient(sandbox, 'contoso.example').authorizeUrl({ scope });
      const { headings } = await signInAt(guest, { username: cleo, consent: 'cancel' });
      expect(headings).to.include('Need admin approval');
    });
  });

  describe('by its endpoint', () => {
    const url = (more: Record<string, string> = {}, tenant = 'organizations') => {
      const at = new URL(`${sandbox.url}${tenant}/v2.0/adminconsent`);
      at.search = new URLSearchParams({
        client_id: demoApp.clientId,
        redirect_uri: callback,
        scope: 'https://graph.microsoft.com/GroupMember.Read.All',
        state: 'the state',
        ...more,
      }).toString();
      return at;
    };
    const answerOf = async (username: string, more: object = {}) => {
      const { callback: back } = await signInAt(url(), { username, ...more });
      return Object.fromEntries(back.searchParams);
    };

    it('is given for everyone, and says for which tenant and what', async () => {
      expect(await answerOf(ada)).to.deep.equal({
        admin_consent: 'True',
        tenant: '5d3a1b0e-7c41-4e5b-9a57-0f1c8a2e6b01',
        scope: 'https://graph.microsoft.com/GroupMember.Read.All',
        state: 'the state',
      });
      const { headings } = await signInAt(client.authorizeUrl({ scope: 'GroupMember.Read.All' }), {
        username: ben,
      });
      expect(headings).to.not.include('Need admin approval');
    });

    it('is declined with admin_consent=True and an error beside it', async () => {
      const declined = await answerOf(ada, { consent: 'cancel' });
      expect(declined).to.include({
        admin_consent: 'True',
        error: 'access_denied',
        state: 'the state',
      });
      expect(declined).to.not.have.property('tenant');
      const other = await answerOf(ben, { consent: 'cancel' });
      expect(other).to.include({ admin_consent: 'True', error: 'consent_required' });
      const { headings } = await arrive(ben, { consent: 'cancel' });
      expect(headings).to.include('Need admin approval');
    });

    it('tells the app of a scope that is missing or unknown', async () => {
      for (const [given, error] of [
        ['', 'invalid_request'],
        ['https://graph.microsoft.com/No.Such', 'invalid_scope'],
      ] as const) {
        const response = await fetch(url({ scope: given }), { redirect: 'manual' });
        const back = new URL(response.headers.get('location') ?? '');
        expect(back.searchParams.get('error')).to.equal(error);
      }
    });

    it('ends on a page for common, an unknown app and an address that is not its own', async () => {
      for (const bad of [
        url({}, 'common'),
        url({ client_id: crypto.randomUUID() }),
        url({ redirect_uri: 'http://localhost:4000/evil' }),
      ]) {
        const response = await fetch(bad, { redirect: 'manual' });
        expect(response.status).to.equal(400);
        expect(response.headers.has('location')).to.equal(false);
      }
    });
  });
});
