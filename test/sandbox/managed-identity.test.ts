/** The managed identity endpoint, asked by Microsoft's own library and by hand. */
import { expect } from 'chai';
import { demoApp, demoIdentity } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { type AzureClient, startAzureClient } from '../support/azure-client.ts';
import { presenting } from './client-assertion.ts';
import { answerOf, claimsOf, TestClient, text } from './test-client.ts';

const exchange = 'api://AzureADTokenExchange';
const userAssigned = {
  clientId: '11111111-2222-4333-8444-555555555555',
  objectId: '66666666-7777-4888-9999-000000000000',
  tokenSeconds: 600,
};

describe('Sandbox managed identities', () => {
  let sandbox: Sandbox;
  let azure: AzureClient;
  let tenantId: string;

  // The library remembers tokens for as long as its process lives: each test has one of its own.
  beforeEach(async () => {
    sandbox = await startSandbox({ managedIdentities: [demoIdentity, userAssigned] });
    tenantId = sandbox.tenants[0]?.id ?? '';
    azure = await startAzureClient(sandbox.identityEnvironment);
  });
  afterEach(async () => {
    await azure.close();
    await sandbox.close();
  });

  const getToken = async (scope: string, clientId?: string) => {
    const { value = {}, failure } = await azure.run({ kind: 'token', scope }, clientId);
    expect(failure, JSON.stringify(failure)).to.equal(undefined);
    return value;
  };

  const askByHand = async (
    query: Record<string, string> = {},
    header = sandbox.identityEnvironment.IDENTITY_HEADER,
  ) => {
    const url = new URL(sandbox.identityEnvironment.IDENTITY_ENDPOINT);
    const all = { resource: exchange, 'api-version': '2019-08-01', ...query };
    url.search = new URLSearchParams(all).toString();
    return answerOf(await fetch(url, { headers: { 'x-identity-header': header } }));
  };

  it('give the library a token of the tenant’s own issuer about the identity', async () => {
    const token = await getToken(`${exchange}/.default`);
    const claims = claimsOf(text(token, 'token'));
    expect(claims).to.include({
      aud: exchange,
      iss: `${sandbox.url}${tenantId}/v2.0`,
      sub: demoIdentity.objectId,
      tid: tenantId,
    });
    expect(token['expiresOnTimestamp']).to.be.closeTo(Number(claims['exp']) * 1000, 2000);
    const named = await getToken(`${exchange}/.default`, userAssigned.clientId);
    expect(claimsOf(text(named, 'token'))).to.include({ sub: userAssigned.objectId });
  });

  it('are an application’s federated credential once registered, and not before', async () => {
    const token = text(await getToken(`${exchange}/.default`), 'token');
    const redeem = async () =>
      new TestClient(sandbox, 'contoso.example').token({
        ...{ grant_type: 'client_credentials', scope: 'https://graph.microsoft.com/.default' },
        ...presenting(token),
      });
    expect((await redeem()).body['error_codes']).to.deep.equal([70025]);
    sandbox.controls.credentials.addFederatedCredential(demoApp.clientId, {
      name: 'identity',
      issuer: `${sandbox.url}${tenantId}/v2.0`,
      subject: demoIdentity.objectId,
      audience: exchange,
    });
    expect((await redeem()).status).to.equal(200);
    expect((await redeem()).status).to.equal(200);
    expect(sandbox.requests.at(-1)?.credential).to.deep.equal({
      kind: 'federated',
      name: 'identity',
    });
  });

  it('tell the library that there is no identity of that client id', async () => {
    const { failure } = await azure.run({ kind: 'token', scope: `${exchange}/.default` }, 'other');
    expect(failure?.name).to.equal('CredentialUnavailableError');
    expect(failure?.message).to.contain('No User Assigned or Delegated Managed Identity');
    expect((await askByHand({ client_id: 'other' })).status).to.equal(400);
  });

  it('fail the library when they are down, and serve it again afterwards', async () => {
    sandbox.controls.outage('managed-identity', '500');
    const { failure } = await azure.run({ kind: 'token', scope: `${exchange}/.default` });
    expect(failure?.name).to.equal('CredentialUnavailableError');
    expect((await askByHand()).status).to.equal(500);
    sandbox.controls.throttle('managed-identity', 1, 7);
    sandbox.controls.outage('managed-identity', 'none');
    const throttled = await askByHand();
    expect([throttled.status, throttled.headers.get('retry-after')]).to.deep.equal([429, '7']);
    await getToken(`${exchange}/.default`);
  });

  it('answer in the words of App Service', async () => {
    const { status, body } = await askByHand({ client_id: userAssigned.clientId });
    expect(status).to.equal(200);
    expect(body).to.include({
      resource: exchange,
      token_type: 'Bearer',
      client_id: userAssigned.clientId,
    });
    expect(Number(body['expires_on'])).to.be.closeTo(Date.now() / 1000 + 600, 5);
    const byObject = await askByHand({ object_id: userAssigned.objectId });
    expect(byObject.body['client_id']).to.equal(userAssigned.clientId);
  });

  it('refuse a wrong header, another version and a resource nobody knows', async () => {
    expect((await askByHand({}, 'guessed')).status).to.equal(401);
    expect((await askByHand({ 'api-version': '2017-09-01' })).status).to.equal(400);
    const unknown = await askByHand({ resource: 'api://nowhere' });
    expect(unknown.status).to.equal(400);
    expect(unknown.body['message']).to.contain('AADSTS500011');
  });
});
