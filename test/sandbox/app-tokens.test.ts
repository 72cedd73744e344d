/** App-only tokens: the client credentials grant, and the paths that such a token opens. */
import { createHash, generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { selfSigned, toPem } from '../../scripts/sandbox/self-signed.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { claimsOf, TestClient, text } from './test-client.ts';

const fixture = async (name: string) =>
  JSON.parse(await readFile(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));

const contoso = 'contoso.example';
const graphDefault = 'https://graph.microsoft.com/.default';

describe('Sandbox app-only tokens', () => {
  let sandbox: Sandbox;
  let client: TestClient;
  beforeEach(async () => {
    sandbox = await startSandbox();
    client = new TestClient(sandbox, contoso);
  });
  afterEach(() => sandbox.close());

  const ask = (scope = graphDefault, more: Record<string, string> = {}) =>
    client.token({ grant_type: 'client_credentials', scope, ...more });
  const tokenFor = async (scope?: string, more?: Record<string, string>) =>
    text((await ask(scope, more)).body, 'access_token');
  const tenantId = (domain: string) => sandbox.tenants.find((each) => each.domain === domain)?.id;

  it('come with the documented members, and none that speaks of a person', async () => {
    const expected = await fixture('app-token-response');
    const { status, body } = await ask(graphDefault, { client_info: '1' });
    expect(status).to.equal(200);
    expect(Object.keys(body)).to.have.members(Object.keys(expected));
    for (const [name, value] of Object.entries(expected)) {
      expect(body[name], name).to.be.a(typeof value);
    }
  });

  it('hold the documented claims, with roles in place of scopes', async () => {
    const claims = claimsOf(await tokenFor());
    const { sandbox_serial, ...documented } = claims;
    expect(sandbox_serial).to.be.a('number');
    expect(Object.keys(documented)).to.have.members(await fixture('app-token-claims'));
    expect(claims).to.deep.include({
      aud: 'https://graph.microsoft.com',
      azp: demoApp.clientId,
      azpacr: '1',
      idtyp: 'app',
      roles: ['User.ReadBasic.All'],
      tid: tenantId(contoso),
      iss: `${sandbox.url}${tenantId(contoso)}/v2.0`,
    });
  });

  it('name the application’s own object, which is another in each tenant', async () => {
    const here = claimsOf(await tokenFor());
    expect(here['oid']).to.match(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(here['sub']).to.equal(here['oid']);
    expect(claimsOf(await tokenFor())['oid']).to.equal(here['oid']);
    client = new TestClient(sandbox, 'fabrikam.example');
    const there = claimsOf(await tokenFor());
    expect(there['tid']).to.equal(tenantId('fabrikam.example'));
    expect(there['oid']).not.to.equal(here['oid']);
  });

  it('are for the API that is asked for', async () => {
    const claims = claimsOf(await tokenFor(`${sandbox.todoResource}/.default`));
    expect(claims).to.deep.include({ aud: sandbox.todoResource, roles: ['Todos.Read.All'] });
  });

  const refusals: readonly (readonly [string, string, number, string])[] = [
    ['no scope', '', 90014, 'invalid_request'],
    ['a scope by name', 'https://graph.microsoft.com/User.Read', 1002012, 'invalid_scope'],
    ['.default beside openid', `openid ${graphDefault}`, 1002012, 'invalid_scope'],
    ['an unknown API', 'api://other/.default', 500011, 'invalid_resource'],
  ];
  for (const [what, scope, number, error] of refusals) {
    it(`are refused for ${what} with AADSTS${number}`, async () => {
      const { status, body } = await ask(scope);
      expect(status).to.equal(400);
      expect(body).to.deep.include({ error, error_codes: [number] });
    });
  }

  it('are refused for two APIs at once with AADSTS28000', async () => {
    const { body } = await ask(`${graphDefault} ${sandbox.todoResource}/.default`);
    expect(body['error_codes']).to.deep.equal([28000]);
  });

  for (const tenant of ['common', 'organizations', 'consumers']) {
    it(`are refused at ${tenant}, which is no tenant of work accounts, with AADSTS50059`, async () => {
      client = new TestClient(sandbox, tenant);
      const { status, body } = await ask();
      expect(status).to.equal(400);
      expect(body).to.deep.include({ error: 'invalid_request', error_codes: [50059] });
    });
  }

  it('are refused for a tenant that does not exist, with AADSTS90002', async () => {
    client = new TestClient(sandbox, 'nowhere.example');
    const { status, body } = await ask();
    expect(status).to.equal(400);
    expect(body).to.deep.include({ error: 'invalid_request', error_codes: [90002] });
  });

  it('are refused with AADSTS7000229 in a tenant where the application is not installed', async () => {
    sandbox.controls.register({ ...demoApp, tenants: ['fabrikam.example'] });
    const { status, body } = await ask();
    expect(status).to.equal(401);
    expect(body).to.deep.include({ error: 'invalid_client', error_codes: [7000229] });
    client = new TestClient(sandbox, 'fabrikam.example');
    expect((await ask()).status).to.equal(200);
  });

  it('need the application’s secret or certificate', async () => {
    const wrong = await ask(graphDefault, { client_secret: 'wrong' });
    expect(wrong.body['error_codes']).to.deep.equal([7000215]);
    const none = await ask(graphDefault, { client_secret: '' });
    expect(none.body['error_codes']).to.deep.equal([7000218]);

    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const certificate = toPem(selfSigned('the app', privateKey, Date.now()));
    sandbox.controls.register({ ...demoApp, certificates: [certificate] });
    const { raw } = new X509Certificate(certificate);
    const thumbprint = createHash('sha256').update(raw).digest('base64url');
    const assertionFor = (endpoint: string) =>
      new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint })
        .setIssuer(demoApp.clientId)
        .setSubject(demoApp.clientId)
        .setAudience(`${sandbox.url}${endpoint}/oauth2/v2.0/token`)
        .setNotBefore('0s')
        .setExpirationTime('10m')
        .sign(privateKey);
    const present = async (endpoint: string) =>
      ask(graphDefault, {
        client_secret: '',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await assertionFor(endpoint),
      });
    const given = await present(contoso);
    expect(claimsOf(text(given.body, 'access_token'))['azpacr']).to.equal('2');
    expect((await present('common')).body['error_codes']).to.deep.equal([700023]);
  });

  it('are written down with their grant', async () => {
    await ask();
    const last = sandbox.requests.findLast(({ endpoint }) => endpoint === 'token');
    expect(last).to.include({ grantType: 'client_credentials', scope: graphDefault, status: 200 });
  });

  describe('at the APIs', () => {
    const call = async (url: string, token: string) => client.call(url, token);
    const idOf = (username: string) =>
      sandbox.users.find((user) => user.username === username)?.id ?? '';

    it('list the people of their tenant, as a person’s token does', async () => {
      const names = async (token: string) => {
        const { status, body } = await call(`${sandbox.graphUrl}/users?$select=displayName`, token);
        expect(status).to.equal(200);
        return JSON.stringify(body['value']);
      };
      const scope = 'openid User.ReadBasic.All';
      const person = text(await client.signIn('ada@contoso.example', scope), 'access_token');
      const own = await names(await tokenFor());
      expect(own).to.contain('Ada Example').and.not.to.contain('Dan Demonstration');
      expect(own).to.equal(await names(person));
    });

    it('are refused with 403 where a person is needed', async () => {
      const token = await tokenFor();
      for (const path of ['/me', '/me/messages', '/me/people', '/me/photo/$value']) {
        const { status, body } = await call(`${sandbox.graphUrl}${path}`, token);
        expect(status, path).to.equal(403);
        expect(body['error']).to.include({ code: 'ErrorAccessDenied' });
      }
      const todo = await tokenFor(`${sandbox.todoResource}/.default`);
      expect((await call(`${sandbox.todoUrl}/todos`, todo)).status).to.equal(403);
    });

    it('are refused with 403 without the role, and have none that nobody gave', async () => {
      sandbox.controls.register({ ...demoApp, roles: [] });
      const token = await tokenFor();
      expect(claimsOf(token)).not.to.have.property('roles');
      expect((await call(`${sandbox.graphUrl}/users`, token)).status).to.equal(403);
    });

    it('are refused with 401 by another API, or once expired', async () => {
      const token = await tokenFor();
      const path = `/users/${idOf('ada@contoso.example')}/todos`;
      expect((await call(`${sandbox.todoUrl}${path}`, token)).status).to.equal(401);
      sandbox.controls.expireAccessTokens();
      expect((await call(`${sandbox.graphUrl}/users`, token)).status).to.equal(401);
    });

    it('read the to-dos of anyone in their tenant, which no person’s token does', async () => {
      const todosOf = (username: string, token: string) =>
        call(`${sandbox.todoUrl}/users/${idOf(username)}/todos`, token);
      const token = await tokenFor(`${sandbox.todoResource}/.default`);
      const { status, body } = await todosOf('ada@contoso.example', token);
      expect(status).to.equal(200);
      expect(body['value']).to.have.length(4);
      expect((await todosOf('dan@fabrikam.example', token)).status).to.equal(404);
      const scope = `openid ${sandbox.todoResource}/Todos.ReadWrite`;
      const person = text(await client.signIn('ada@contoso.example', scope), 'access_token');
      expect((await todosOf('ada@contoso.example', person)).status).to.equal(403);
    });

    it('answer a challenge after a request that sent its claims', async () => {
      sandbox.controls.challenge('graph', 'revoked');
      const refused = await call(`${sandbox.graphUrl}/users`, await tokenFor());
      expect(refused.status).to.equal(401);
      const header = refused.headers.get('www-authenticate') ?? '';
      const encoded = header.match(/claims="([^"]*)"/)?.[1] ?? '';
      const claims = Buffer.from(encoded, 'base64').toString();
      const token = await tokenFor(graphDefault, { claims });
      expect((await call(`${sandbox.graphUrl}/users`, token)).status).to.equal(200);
    });
  });
});
