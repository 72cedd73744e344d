/** The sandbox's Graph: people, managers and reports. */
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../../scripts/sandbox/start-sandbox.ts';
import { ada, allPages, ben, codeOf, eve, graphAs, listOf } from './api-client.ts';

const admins = 'https://graph.microsoft.com/User.Read.All';

describe('Sandbox Graph people', () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await startSandbox();
  });
  afterEach(() => sandbox.close());

  it('have a manager, or 404 Request_ResourceNotFound', async () => {
    const clientId = '4c0c1e46-5ba1-4d0e-9f0b-2c7a6d1f0a11';
    sandbox.controls.consentForOrganisation('contoso.example', [admins], clientId);
    const asBen = await graphAs(sandbox, ben, 'User.Read.All');
    const { status, body } = await asBen('/me/manager?$select=displayName');
    expect(status).to.equal(200);
    expect(body).to.have.all.keys('@odata.context', '@odata.type', 'id', 'displayName');
    expect(body).to.include({ displayName: 'Ada Example' });
    const none = await (await graphAs(sandbox, ada, 'User.Read.All'))('/me/manager');
    expect(none.status).to.equal(404);
    expect(codeOf(none)).to.equal('Request_ResourceNotFound');
  });

  it('are refused their manager with User.Read alone, which Graph documents as too little', async () => {
    expect((await (await graphAs(sandbox, ben, 'User.Read'))('/me/manager')).status).to.equal(403);
  });

  it('have reports, of whom a caller who may read nobody else sees no more than ids', async () => {
    const full = await graphAs(sandbox, ada, 'User.Read User.ReadBasic.All');
    expect(listOf(await full('/me/directReports'))).to.deep.include.members([
      { ...listOf(await full('/me/directReports'))[0], displayName: 'Ben Sample' },
    ]);
    sandbox.controls.revokeConsents(ada);
    const [report] = listOf(await (await graphAs(sandbox, ada, 'User.Read'))('/me/directReports'));
    expect(report).to.include({ '@odata.type': '#microsoft.graph.user', displayName: null });
    expect(report?.['id']).to.be.a('string');
    const none = await (await graphAs(sandbox, ben, 'User.Read'))('/me/directReports');
    expect(listOf(none)).to.deep.equal([]);
  });

  it('are listed page by page with tokens, and $skip is refused as the directory does', async () => {
    const call = await graphAs(sandbox, ada, 'User.ReadBasic.All');
    const { entities, pages } = await allPages(call, '/users?$top=1&$select=displayName');
    expect([entities.length, pages]).to.deep.equal([2, 2]);
    expect(entities[0]).to.have.all.keys('id', 'displayName');
    for (const query of ['$skip=1', '$top=0', '$top=1000', '$skiptoken=nonsense']) {
      const refused = await call(`/users?${query}`);
      expect(refused.status, query).to.equal(400);
      expect(codeOf(refused), query).to.equal('Request_UnsupportedQuery');
    }
  });

  it('have colleagues, with People.Read', async () => {
    const call = await graphAs(sandbox, ada, 'People.Read');
    expect(listOf(await call('/me/people'))).to.have.length(2);
    expect((await call('/users')).status).to.equal(403);
  });

  it('are selected from with $select on /me too', async () => {
    const { body } = await (await graphAs(sandbox, eve, 'User.Read'))('/me?$select=displayName');
    expect(body).to.have.all.keys('@odata.context', 'id', 'displayName');
  });
});
