/** Tokens of other issuers as an application's word for who it is, at the token endpoint. */
import { expect } from 'chai';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { type FederatedIssuer, startFederatedIssuer } from '../support/federated-issuer.ts';
import { presenting } from './client-assertion.ts';
import { claimsOf, TestClient, text } from './test-client.ts';

/** Past client authentication, a refresh token never issued is what is wrong. */
const accepted = 70000;

describe('Sandbox federated credentials', () => {
  let sandbox: Sandbox;
  let cluster: FederatedIssuer;
  let now: number;

  beforeEach(async () => {
    now = Date.now();
    cluster = await startFederatedIssuer({ now: () => now });
    const federatedCredentials = [cluster.credential()];
    const app = { ...demoApp, secrets: [], federatedCredentials };
    sandbox = await startSandbox({ apps: [app], now: () => now });
  });
  afterEach(async () => {
    await sandbox.close();
    await cluster.close();
  });

  const present = async (assertion: string) => {
    const order = { grant_type: 'refresh_token', refresh_token: 'x', ...presenting(assertion) };
    const { body, status } = await new TestClient(sandbox).token(order);
    const number = [body['error_codes']].flat()[0];
    if (number !== accepted && number !== 90061) {
      expect([status, body['error']]).to.deep.equal([401, 'invalid_client']);
    }
    return number;
  };

  it('accepts a token that is registered, again and again until it expires', async () => {
    const token = await cluster.token();
    expect(await present(token)).to.equal(accepted);
    now += 3_599_000;
    expect(await present(token)).to.equal(accepted);
    now += 2_000;
    expect(await present(token)).to.equal(700024);
    const use = { kind: 'federated', name: cluster.subject };
    expect(sandbox.requests.map(({ credential }) => credential)).to.deep.equal([use, use, use]);
  });

  it('gives app-only tokens by it that say so', async () => {
    const { body } = await new TestClient(sandbox, 'contoso.example').token({
      grant_type: 'client_credentials',
      scope: 'https://graph.microsoft.com/.default',
      ...presenting(await cluster.token()),
    });
    expect(claimsOf(text(body, 'access_token'))).to.include({ azpacr: '2', idtyp: 'app' });
  });

  it('needs the type of assertion to be said', async () => {
    const form = { ...presenting(await cluster.token()), client_assertion_type: 'jwt' };
    const order = { grant_type: 'refresh_token', refresh_token: 'x', ...form };
    const { body } = await new TestClient(sandbox).token(order);
    expect(body['error_codes']).to.deep.equal([50027]);
  });

  const refusals: readonly (readonly [string, number, object])[] = [
    ['of another issuer', 700211, { iss: 'https://elsewhere.example' }],
    ['for another audience', 700212, { aud: ['api://azureadtokenexchange'] }],
    ['of another subject', 700213, { sub: 'system:serviceaccount:apps:other' }],
    ['whose subject differs in case', 700213, { sub: 'system:serviceaccount:apps:Concierge' }],
    ['that starts in the future', 700024, { nbf: 4e9 }],
    ['without an end', 50027, { exp: undefined }],
  ];
  for (const [what, number, payload] of refusals) {
    it(`refuses a token ${what}: AADSTS${number}`, async () => {
      expect(await present(await cluster.token({ payload }))).to.equal(number);
    });
  }

  it('refuses an issuer that differs in case: AADSTS700211', async () => {
    const payload = { iss: cluster.issuer.replace('cluster', 'Cluster') };
    expect(await present(await cluster.token({ payload }))).to.equal(700211);
  });

  it('refuses what two credentials match by halves: AADSTS70021', async () => {
    const { credentials } = sandbox.controls;
    credentials.addFederatedCredential(demoApp.clientId, {
      ...cluster.credential(),
      ...{ name: 'other', subject: 'other', audience: 'api://other' },
    });
    const payload = { sub: 'other' };
    expect(await present(await cluster.token({ payload }))).to.equal(70021);
    const right = { sub: 'other', aud: 'api://other' };
    expect(await present(await cluster.token({ payload: right }))).to.equal(accepted);
    expect(sandbox.requests.at(-1)?.credential?.name).to.equal('other');
    credentials.removeFederatedCredential(demoApp.clientId, 'other');
    expect(await present(await cluster.token({ payload: right }))).to.equal(700212);
  });

  it('refuses a signature that is not the named key’s: AADSTS50013', async () => {
    const [head = '', body = ''] = (await cluster.token()).split('.');
    const [, , signature = ''] = (await cluster.token()).split('.');
    expect(await present(`${head}.${body}.${signature}`)).to.equal(50013);
  });

  it('refuses a key that was not registered: AADSTS7000272', async () => {
    await cluster.rotate();
    expect(await present(await cluster.token())).to.equal(7000272);
  });

  it('finds new keys where the issuer publishes them, if it is told where', async () => {
    const { credentials } = sandbox.controls;
    credentials.removeFederatedCredential(demoApp.clientId, cluster.subject);
    credentials.addFederatedCredential(demoApp.clientId, cluster.credential('jwksUri'));
    const old = await cluster.token();
    await cluster.rotate({ keepOld: false });
    expect(await present(await cluster.token())).to.equal(accepted);
    expect(await present(old)).to.equal(7000272);
    await cluster.close();
    expect(await present(old)).to.equal(90061);
    cluster = await startFederatedIssuer();
  });

  it('refuses any algorithm but RS256: AADSTS50027', async () => {
    const header = { alg: 'PS256' };
    expect(await present(await cluster.token({ header }))).to.equal(50027);
  });

  it('refuses any when the application has none registered: AADSTS70025', async () => {
    sandbox.controls.credentials.removeFederatedCredential(demoApp.clientId, cluster.subject);
    expect(await present(await cluster.token())).to.equal(70025);
  });
});
