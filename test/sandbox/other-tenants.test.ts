/** One refresh token in several tenants: where the person is a guest, and where they are nobody. */
import { expect } from 'chai';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { baseScopes, claimsOf, TestClient, text } from './test-client.ts';

const cleo = 'cleo@fabrikam.example';

describe('Sandbox refresh tokens in other tenants', () => {
  let sandbox: Sandbox;
  let home: TestClient;
  let contoso: TestClient;
  let token: string;
  beforeEach(async () => {
    sandbox = await startSandbox();
    home = new TestClient(sandbox, 'common');
    contoso = new TestClient(sandbox, 'contoso.example');
    token = text(await home.signIn(cleo), 'refresh_token');
  });
  afterEach(() => sandbox.close());

  const codes = async (answer: ReturnType<TestClient['refresh']>) =>
    (await answer).body['error_codes'];
  const idOf = (name: string) => sandbox.tenants.find(({ domain }) => domain === name)?.id;

  it('need a consent in each tenant', async () => {
    expect(await codes(contoso.refresh(token))).to.deep.equal([65001]);
    expect((await home.refresh(token)).status, 'still good at home').to.equal(200);
    await contoso.signIn(cleo);
    expect((await contoso.refresh(token)).status).to.equal(200);
  });

  it('give that tenant’s tokens, of the guest there and of one home', async () => {
    await contoso.signIn(cleo);
    const { body } = await contoso.refresh(token);
    const user = sandbox.users.find(({ username }) => username === cleo);
    for (const name of ['access_token', 'id_token']) {
      expect(claimsOf(text(body, name)), name).to.include({
        tid: idOf('contoso.example'),
        iss: `${sandbox.url}${idOf('contoso.example')}/v2.0`,
        oid: user?.guestIn[0]?.objectId,
      });
    }
    const info = JSON.parse(Buffer.from(text(body, 'client_info'), 'base64url').toString());
    expect(info).to.deep.equal({ uid: user?.id, utid: idOf('fabrikam.example') });
  });

  it('are succeeded by one that is good at home again', async () => {
    await contoso.signIn(cleo);
    const next = text((await contoso.refresh(token)).body, 'refresh_token');
    const { body } = await home.refresh(next);
    expect(claimsOf(text(body, 'id_token'))['tid']).to.equal(idOf('fabrikam.example'));
  });

  it('are refused with AADSTS90002 in a tenant that does not exist', async () => {
    for (const name of ['nowhere.example', '00000000-1111-4222-8333-444444444444']) {
      const { status, body } = await new TestClient(sandbox, name).refresh(token);
      expect(status).to.equal(400);
      expect(body).to.deep.include({ error: 'invalid_request', error_codes: [90002] });
    }
  });

  it('are refused with AADSTS50020 where the person is nobody, and live on', async () => {
    const ada = text(await home.signIn('ada@contoso.example'), 'refresh_token');
    const { status, body } = await new TestClient(sandbox, 'fabrikam.example').refresh(ada);
    expect(status).to.equal(400);
    expect(body).to.deep.include({ error: 'interaction_required', error_codes: [50020] });
    expect((await home.refresh(ada)).status).to.equal(200);
  });

  it('are refused with AADSTS700016 where the application is not installed, and live on', async () => {
    await contoso.signIn(cleo);
    sandbox.controls.register({ ...demoApp, tenants: ['fabrikam.example'] });
    const { status, body } = await contoso.refresh(token);
    expect(status).to.equal(400);
    expect(body).to.deep.include({ error: 'unauthorized_client', error_codes: [700016] });
    expect((await home.refresh(token, baseScopes)).status).to.equal(200);
  });
});
