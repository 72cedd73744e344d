/** The token endpoint, held against documented responses and errors. */
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { demoApp, type RefreshTokenMode } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { baseScopes, claimsOf, TestClient, text } from './test-client.ts';

const fixture = async (name: string) =>
  JSON.parse(await readFile(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));

const ada = 'ada@contoso.example';

describe('Sandbox token endpoint', () => {
  let sandbox: Sandbox;
  let client: TestClient;
  let now: number;
  beforeEach(async () => {
    now = Date.parse('2026-03-01T10:00:00Z');
    sandbox = await startSandbox({ now: () => now });
    client = new TestClient(sandbox);
  });
  afterEach(() => sandbox.close());

  describe('redeeming a code', () => {
    it('gives the documented members, each of its documented type', async () => {
      const expected = await fixture('token-response');
      const { status, body, headers } = await client.redeem(
        await client.code(ada, { scope: `${baseScopes} email` }),
      );
      expect(status).to.equal(200);
      expect(headers.get('cache-control')).to.contain('no-store');
      expect(Object.keys(body)).to.have.members(Object.keys(expected));
      for (const [name, value] of Object.entries(expected)) {
        expect(body[name], name).to.be.a(typeof value);
      }
      expect(text(body, 'scope').split(' ')).to.have.members(expected.scope.split(' '));
      expect(body).to.deep.include({ expires_in: 3600, refresh_in: 1800 });
    });

    it('gives an ID token with the documented claims, back-dated by five minutes', async () => {
      const expected = await fixture('id-token-claims');
      const claims = claimsOf(text(await client.signIn(ada), 'id_token'));
      const names = [...expected.default, ...expected.optional, ...expected.assigned];
      expect(Object.keys(claims)).to.have.members(names);
      expect(claims).to.include({ ver: '2.0', nonce: 'the nonce', aud: demoApp.clientId });
      expect(claims['iss']).to.equal(`${sandbox.url}${claims['tid']}/v2.0`);
      expect(claims['iat']).to.equal(now / 1000 - 300);
    });

    it('names the app roles that someone was assigned, in the ID token of their own organisation', async () => {
      const rolesOf = async (username: string, token: string, at = client) =>
        claimsOf(text(await at.signIn(username), token))['roles'];
      expect(await rolesOf(ada, 'id_token')).to.deep.equal(['Reports.Reader']);
      expect(await rolesOf(ada, 'access_token')).to.equal(undefined);
      expect(await rolesOf('ben@contoso.example', 'id_token')).to.equal(undefined);
      const cleo = 'cleo@fabrikam.example';
      sandbox.controls.register({ ...demoApp, assignments: { [cleo]: ['A', 'B'] } });
      expect(await rolesOf(ada, 'id_token')).to.equal(undefined);
      expect(await rolesOf(cleo, 'id_token')).to.deep.equal(['A', 'B']);
      const guest = new TestClient(sandbox, 'contoso.example');
      expect(await rolesOf(cleo, 'id_token', guest)).to.equal(undefined);
    });

    it('leaves out what was not asked for', async () => {
      const url = { scope: 'User.Read', client_info: '0' };
      const { body } = await client.redeem(await client.code(ada, url));
      expect(body).to.have.property('access_token');
      expect(body).not.to.have.any.keys('id_token', 'refresh_token', 'client_info');
    });

    it('names a guest by their home in client_info and by the guest object in the ID token', async () => {
      const guest = new TestClient(sandbox, 'contoso.example');
      const body = await guest.signIn('cleo@fabrikam.example');
      const info = JSON.parse(Buffer.from(text(body, 'client_info'), 'base64url').toString());
      const claims = claimsOf(text(body, 'id_token'));
      expect(info.utid).not.to.equal(claims['tid']);
      expect(info.uid).not.to.equal(claims['oid']);
      expect(claims['acct']).to.equal(1);
    });

    const refusals: readonly (readonly [string, number, Record<string, string>])[] = [
      ['a wrong PKCE verifier', 501481, { code_verifier: 'x'.repeat(43) }],
      ['no PKCE verifier', 501481, { code_verifier: '' }],
      ['another redirect URI', 50011, { redirect_uri: 'http://localhost:4000/other' }],
      ['a code never issued', 70000, { code: '1.Anonsense' }],
      ['a resource parameter', 901002, { resource: 'https://graph.microsoft.com' }],
      ['no grant type', 900144, { grant_type: '' }],
      ['an unknown grant type', 70003, { grant_type: 'password' }],
    ];
    for (const [what, number, more] of refusals) {
      it(`refuses ${what} with AADSTS${number}`, async () => {
        const { status, body } = await client.redeem(await client.code(ada), more);
        expect(status).to.equal(400);
        expect(body['error_codes']).to.deep.equal([number]);
      });
    }

    it('takes a code once, for ten minutes, at the tenant it was issued at', async () => {
      const code = await client.code(ada);
      const elsewhere = await new TestClient(sandbox, 'contoso.example').redeem(code);
      expect(elsewhere.body['error_codes']).to.deep.equal([700005]);
      expect((await client.redeem(code)).status).to.equal(200);
      const again = await client.redeem(code);
      expect(again.body).to.deep.include({ error: 'invalid_grant', error_codes: [54005] });
      const late = await client.code(ada);
      now += 10 * 60_000;
      expect((await client.redeem(late)).body['error_codes']).to.deep.equal([70008]);
    });

    it('refuses doubled parameters and an Origin header', async () => {
      const url = `${sandbox.url}common/oauth2/v2.0/token`;
      const body = 'grant_type=refresh_token&client_id=a&client_id=b';
      const type = { 'content-type': 'application/x-www-form-urlencoded' };
      const doubled = await fetch(url, { method: 'POST', body, headers: type });
      expect(await doubled.json()).to.deep.include({ error_codes: [9000411] });
      const crossOrigin = await client.token(
        { grant_type: 'refresh_token', refresh_token: 'x' },
        { origin: 'http://localhost:4000' },
      );
      expect(crossOrigin.body['error_codes']).to.deep.equal([9002326]);
    });
  });

  describe('errors', () => {
    it('have the documented members and echo client-request-id', async () => {
      const expected = await fixture('token-error');
      const token = text(await client.signIn(ada), 'refresh_token');
      const { status, body, headers } = await client.token(
        { grant_type: 'refresh_token', refresh_token: token, scope: 'openid Mail.Read' },
        { 'client-request-id': expected.correlation_id },
      );
      expect(status).to.equal(400);
      expect(Object.keys(body)).to.have.members(Object.keys(expected));
      const { error, error_codes, suberror, correlation_id } = expected;
      expect(body).to.deep.include({ error, error_codes, suberror, correlation_id });
      expect(headers.get('client-request-id')).to.equal(correlation_id);
      expect(text(body, 'error_description')).to.match(
        /^AADSTS65001: .+ Trace ID: [\w-]{36} Correlation ID: [\w-]{36} Timestamp: 2026-03-01 10:00:00Z$/,
      );
      expect(body['timestamp']).to.equal('2026-03-01 10:00:00Z');
      expect(text(body, 'error_uri')).to.match(/\/error\?code=65001$/);
    });
  });

  describe('refreshing', () => {
    const todos = () => `${sandbox.todoResource}/Todos.Read`;
    let token: string;
    beforeEach(async () => {
      token = text(await client.signIn(ada, `${baseScopes} ${todos()}`), 'refresh_token');
    });

    it('serves every resource that was agreed to with one refresh token', async () => {
      for (const scope of ['User.Read', todos()]) {
        const { body } = await client.refresh(token, `openid offline_access ${scope}`);
        const { aud, scp } = claimsOf(text(body, 'access_token'));
        expect(scope.endsWith(String(scp).split(' ')[0] ?? '?')).to.equal(true);
        if (scope === todos()) expect(aud).to.equal(sandbox.todoResource);
      }
    });

    it('refuses two resources at once with AADSTS28000', async () => {
      const { status, body } = await client.refresh(token, `User.Read ${todos()}`);
      expect(status).to.equal(400);
      expect(body['error_codes']).to.deep.equal([28000]);
    });

    it('refuses an unknown scope and an unknown resource', async () => {
      expect((await client.refresh(token, 'No.Such')).body['error']).to.equal('invalid_scope');
      expect((await client.refresh(token, 'api://other/X')).body['error']).to.equal(
        'invalid_resource',
      );
    });

    it('says more was granted than asked for, if more was agreed to', async () => {
      await client.signIn(ada, `${baseScopes} Mail.Read`);
      const { body } = await client.refresh(token, 'User.Read');
      expect(body['scope']).to.equal(
        'https://graph.microsoft.com/User.Read https://graph.microsoft.com/Mail.Read',
      );
    });

    it('ends with AADSTS50173 once revoked, and a new sign-in is unharmed', async () => {
      sandbox.controls.revoke(ada);
      const { body } = await client.refresh(token);
      expect(body).to.deep.include({ error: 'invalid_grant', error_codes: [50173] });
      const fresh = text(await client.signIn(ada), 'refresh_token');
      expect((await client.refresh(fresh)).status).to.equal(200);
    });

    it('ends after 90 days without use', async () => {
      now += 90 * 24 * 3600 * 1000;
      expect((await client.refresh(token)).body['error_codes']).to.deep.equal([70008]);
    });

    it('asks for a strong sign-in with claims, and is content after one', async () => {
      sandbox.controls.requireStrongSignIn(ada);
      const { body } = await client.refresh(token);
      expect(body).to.deep.include({ error: 'invalid_grant', suberror: 'basic_action' });
      const claims = text(body, 'claims');
      expect(JSON.parse(claims).access_token.capolids.essential).to.equal(true);
      const code = await client.code(ada, { claims });
      const strong = text((await client.redeem(code)).body, 'refresh_token');
      expect((await client.refresh(strong)).status).to.equal(200);
      sandbox.controls.requireStrongSignIn(ada, 'interaction_required');
      expect((await client.refresh(token)).body['error']).to.equal('interaction_required');
    });

    const modes: readonly (readonly [RefreshTokenMode, boolean, boolean])[] = [
      ['reusable', true, true],
      ['rotating', false, true],
      ['family', false, false],
    ];
    for (const [mode, again, successor] of modes) {
      it(`with ${mode} refresh tokens, a second use ${again ? 'succeeds' : 'fails'} and the successor ${successor ? 'lives' : 'dies'}`, async () => {
        sandbox.controls.setRefreshTokens(mode);
        const next = text((await client.refresh(token)).body, 'refresh_token');
        expect((await client.refresh(token)).status === 200).to.equal(again);
        expect((await client.refresh(next)).status === 200).to.equal(successor);
      });
    }

    it('lets only one of many simultaneous uses of a single-use token succeed', async () => {
      sandbox.controls.setRefreshTokens('rotating');
      const answers = await Promise.all([1, 2, 3, 4].map(() => client.refresh(token)));
      expect(answers.filter(({ status }) => status === 200)).to.have.length(1);
    });

    it('does not spend a single-use token when it refuses', async () => {
      sandbox.controls.setRefreshTokens('rotating');
      await client.refresh(token, 'openid offline_access Mail.Read');
      expect((await client.refresh(token)).status).to.equal(200);
    });
  });

  it('writes down each token request', async () => {
    await client.signIn(ada);
    const last = sandbox.requests.findLast(({ endpoint }) => endpoint === 'token');
    expect(last).to.include({ status: 200, grantType: 'authorization_code', at: now });
  });
});
