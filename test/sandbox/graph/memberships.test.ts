/** The sandbox's Graph: groups, and the group claims of tokens. */
import { expect } from 'chai';
import { demoApp } from '../../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../../scripts/sandbox/start-sandbox.ts';
import { claimsOf, TestClient, text } from '../test-client.ts';
import { ada, allPages, ben, codeOf, dan, graphAs, listOf, post } from './api-client.ts';

const readsGroups = 'https://graph.microsoft.com/GroupMember.Read.All';

describe('Sandbox Graph memberships', () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await startSandbox();
    for (const domain of ['contoso.example', 'fabrikam.example']) {
      sandbox.controls.consentForOrganisation(domain, [readsGroups], demoApp.clientId);
    }
  });
  afterEach(() => sandbox.close());

  it('are direct in memberOf, and through other groups in transitiveMemberOf', async () => {
    const call = await graphAs(sandbox, ben, 'GroupMember.Read.All');
    const names = async (path: string) => listOf(await call(path)).map((one) => one['displayName']);
    expect(await names('/me/memberOf')).to.deep.equal(['Operations', 'Warehouse']);
    expect(await names('/me/transitiveMemberOf')).to.include('Everyone at Contoso');
  });

  it('hold directory roles too, unless the path is cast to groups', async () => {
    const call = await graphAs(sandbox, ada, 'GroupMember.Read.All');
    const types = listOf(await call('/me/memberOf')).map((one) => one['@odata.type']);
    expect(types).to.include('#microsoft.graph.directoryRole');
    const groups = listOf(await call('/me/memberOf/microsoft.graph.group'));
    expect(groups).to.have.length(2);
    expect(groups[0]).to.not.have.property('@odata.type');
  });

  it('have null for names where the caller may not read groups', async () => {
    sandbox.controls.consentForOrganisation('contoso.example', [], demoApp.clientId);
    const call = await graphAs(sandbox, ben, 'User.Read');
    const [group] = listOf(await call('/me/memberOf'));
    expect(group).to.include({ '@odata.type': '#microsoft.graph.group', displayName: null });
  });

  it('of the person in very many groups come in pages of 100, or as asked', async () => {
    const call = await graphAs(sandbox, dan, 'GroupMember.Read.All');
    const path = '/me/transitiveMemberOf/microsoft.graph.group?$select=id,displayName&$count=true';
    const all = await allPages(call, path);
    expect([all.entities.length, all.pages]).to.deep.equal([231, 3]);
    expect(new Set(all.entities.map(({ id }) => id)).size).to.equal(231);
    expect((await allPages(call, `${path}&$top=200`)).pages).to.equal(2);
    expect((await call(path)).body['@odata.count']).to.equal(231);
  });

  it('are told by id, all or those that carry permissions', async () => {
    const call = await graphAs(sandbox, ada, 'User.Read');
    const ids = async (securityEnabledOnly: boolean) =>
      (await call('/me/getMemberGroups', post({ securityEnabledOnly }))).body['value'];
    expect(await ids(false)).to.have.length(3);
    expect(await ids(true)).to.have.length(2);
    const refused = await call('/me/getMemberGroups', post({}));
    expect(refused.status).to.equal(400);
    expect(codeOf(refused)).to.equal('Request_BadRequest');
  });

  it('are checked against at most 20 ids', async () => {
    const call = await graphAs(sandbox, ada, 'User.Read');
    const { body } = await call('/me/getMemberGroups', post({ securityEnabledOnly: false }));
    const own = Array.isArray(body['value']) ? body['value'] : [];
    const groupIds = [own[0], crypto.randomUUID()];
    const checked = await call('/me/checkMemberGroups', post({ groupIds }));
    expect(checked.body['value']).to.deep.equal([own[0]]);
    const many = Array.from({ length: 21 }, () => crypto.randomUUID());
    for (const bad of [{ groupIds: many }, { groupIds: [] }, { groupIds: ['x'] }, {}]) {
      expect((await call('/me/checkMemberGroups', post(bad))).status).to.equal(400);
    }
  });

  it('need a scope', async () => {
    const call = await graphAs(sandbox, dan, 'Mail.Read');
    sandbox.controls.consentForOrganisation('fabrikam.example', [], demoApp.clientId);
    const bare = await graphAs(sandbox, dan, 'Mail.Read');
    expect((await call('/me/memberOf')).status).to.equal(200);
    expect((await bare('/me/memberOf')).status).to.equal(403);
    expect((await bare('/me/getMemberGroups', post({}))).status).to.equal(403);
  });

  describe('in tokens', () => {
    const tokensOf = async (username: string) => {
      const body = await new TestClient(sandbox).signIn(username);
      return ['id_token', 'access_token'].map((name) => claimsOf(text(body, name)));
    };

    it('are absent unless the app’s registration asks for them', async () => {
      for (const claims of await tokensOf(ada)) {
        expect(claims).to.not.have.any.keys('groups', '_claim_names', 'hasgroups');
      }
    });

    it('are listed, or, for more than 200, pointed at', async () => {
      sandbox.controls.register({ ...demoApp, groupClaims: 'groups' });
      for (const claims of await tokensOf(ada)) expect(claims['groups']).to.have.length(3);
      for (const claims of await tokensOf(dan)) {
        expect(claims).to.not.have.property('groups');
        expect(claims['_claim_names']).to.deep.equal({ groups: 'src1' });
        expect(claims).to.have.nested.property('_claim_sources.src1.endpoint');
      }
    });

    it('are said to be too many by hasgroups where tokens travel in URLs', async () => {
      sandbox.controls.register({ ...demoApp, groupClaims: 'hasgroups' });
      for (const claims of await tokensOf(dan)) {
        expect(claims).to.include({ hasgroups: true }).and.to.not.have.any.keys('groups');
      }
      for (const claims of await tokensOf(ada)) expect(claims['groups']).to.have.length(3);
    });
  });
});
