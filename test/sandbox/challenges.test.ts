/** Claims challenges of the sandbox: what answers them, what never does, and how they are worded. */
import { expect } from 'chai';
import { signInAt } from '../../scripts/sandbox/sign-in-at.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { claimsOf, TestClient, text } from './test-client.ts';

const ada = 'ada@contoso.example';
const scope = 'openid offline_access User.Read Mail.Read';

describe('Sandbox claims challenges', () => {
  let sandbox: Sandbox;
  let client: TestClient;
  beforeEach(async () => {
    sandbox = await startSandbox();
    client = new TestClient(sandbox);
  });
  afterEach(() => sandbox.close());

  const ask = (token: string, path = '/me') => client.call(`${sandbox.graphUrl}${path}`, token);
  const demandOf = (header: string | null) =>
    Buffer.from(header?.match(/claims="([^"]*)"/)?.[1] ?? '', 'base64').toString();

  it('are in Graph’s real form: an unquoted address, quoted base64 with its padding', async () => {
    const token = text(await client.signIn(ada, scope), 'access_token');
    sandbox.controls.challenge('graph', 'revoked');
    const { headers } = await ask(token);
    expect(headers.get('www-authenticate')).to.match(
      /^Bearer realm="", authorization_uri=http:\/\/[^",]+\/authorize, client_id="[0-9a-f-]{36}", error="insufficient_claims", claims="[A-Za-z0-9+/]+={0,2}"$/,
    );
  });

  it('are answered by a sign-in with the claims, also where its redemption has none', async () => {
    const token = text(await client.signIn(ada, scope), 'access_token');
    sandbox.controls.challenge('graph', 'revoked');
    const claims = demandOf((await ask(token)).headers.get('www-authenticate'));
    const { body } = await client.redeem(await client.code(ada, { scope, claims }));
    expect((await ask(text(body, 'access_token'))).status).to.equal(200);
    const other = await client.signIn(ada, scope);
    expect((await ask(text(other, 'access_token'))).status).to.equal(401);
  });

  it('by location come back for every new token', async () => {
    const body = await client.signIn(ada, scope);
    let token = text(body, 'access_token');
    sandbox.controls.challenge('graph', 'location');
    for (let round = 0; round < 3; round += 1) {
      const { status, headers } = await ask(token);
      expect(status).to.equal(401);
      const claims = demandOf(headers.get('www-authenticate'));
      expect(claims).to.contain('xms_rp_ipaddr');
      const renewed = await client.refresh(text(body, 'refresh_token'), scope, { claims });
      expect(renewed.status).to.equal(200);
      token = text(renewed.body, 'access_token');
    }
    sandbox.controls.mendAll();
    expect((await ask(token)).status).to.equal(200);
  });

  it('stand among other schemes, in headers of their own', async () => {
    const token = text(await client.signIn(ada, scope), 'access_token');
    sandbox.controls.challenge('graph', 'revoked', { amongOthers: true });
    const header = (await ask(token)).headers.get('www-authenticate') ?? '';
    expect(header).to.match(/^Negotiate, Bearer .*, Basic realm="a, b=\\"c\\""/);
  });

  it('are put by one path, when told so', async () => {
    const token = text(await client.signIn(ada, scope), 'access_token');
    sandbox.controls.challenge('graph', 'revoked', { path: '/me/messages' });
    expect((await ask(token)).status).to.equal(200);
    expect((await ask(token, '/me/messages')).status).to.equal(401);
  });

  describe('for an authentication context in the ID token', () => {
    const claims = '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}';

    it('lead to a strong sign-in and an ID token that says so', async () => {
      const cookies = new Map<string, string>();
      const ordinary = await signInAt(client.authorizeUrl({ scope }), { username: ada, cookies });
      const plain = await client.redeem(ordinary.callback.searchParams.get('code') ?? '');
      expect(claimsOf(text(plain.body, 'id_token'))).to.not.have.property('acrs');
      const url = client.authorizeUrl({ scope, claims });
      const { callback, headings } = await signInAt(url, { username: ada, cookies });
      expect(headings).to.deep.equal(['Approve sign-in request']);
      const { body } = await client.redeem(callback.searchParams.get('code') ?? '');
      expect(claimsOf(text(body, 'id_token'))['acrs']).to.deep.equal(['c1']);
      expect(claimsOf(text(body, 'access_token'))).to.not.have.property('acrs');
    });

    it('fail silently with interaction_required where the sign-in was weak', async () => {
      const cookies = new Map<string, string>();
      await signInAt(client.authorizeUrl({ scope }), { username: ada, cookies });
      const url = client.authorizeUrl({ scope, claims, prompt: 'none' });
      const { callback } = await signInAt(url, { username: ada, cookies });
      expect(callback.searchParams.get('error')).to.equal('interaction_required');
    });
  });
});
