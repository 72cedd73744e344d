/** The groups of a person, in Graph. */
import { json } from 'node:stream/consumers';
import { expect } from 'chai';
import { checkGroups, readGroups } from '../../../src/downstream/graph/groups.ts';
import { ApiFailed } from '../../../src/errors.ts';
import { answeringJson, aServer, failureOf } from '../api-rig.ts';
import { aGraph } from './a-graph.ts';

describe('readGroups', () => {
  it('asks for names with the permission that shows them', async () => {
    await using server = await aServer(answeringJson(200, { value: [] }));
    const { graph, broker } = aGraph(server.url);
    await readGroups(graph);
    await readGroups(graph, { named: true });
    expect(broker.requests.map(({ scopes }) => scopes)).to.deep.equal([
      ['User.Read'],
      ['GroupMember.Read.All'],
    ]);
  });
});

describe('checkGroups', () => {
  const ids = ['0b1d5a77-0000-4000-8000-00000000000a', '0b1d5a77-0000-4000-8000-00000000000b'];

  it('asks about a few groups at once, for User.Read, and gives those the person is in', async () => {
    const bodies: unknown[] = [];
    await using server = await aServer(async (request, response) => {
      bodies.push(await json(request));
      answeringJson(200, { value: [ids[1]?.toUpperCase(), 'not-asked-for'] })(request, response);
    });
    const { graph, broker } = aGraph(server.url);
    expect(await checkGroups(graph, ids)).to.deep.equal([ids[1]]);
    expect(bodies).to.deep.equal([{ groupIds: ids }]);
    const [seen] = server.seen;
    expect(seen).to.include({ method: 'POST', url: '/v1.0/me/checkMemberGroups' });
    expect(seen?.headers['content-type']).to.equal('application/json');
    expect(broker.requests.map(({ scopes }) => scopes)).to.deep.equal([['User.Read']]);
  });

  it('asks again where the answer broke off, as asking does nothing', async () => {
    await using server = await aServer(
      (_, response) => response.destroy(),
      answeringJson(200, { value: [] }),
    );
    expect(await checkGroups(aGraph(server.url).graph, ids)).to.deep.equal([]);
    expect(server.seen).to.have.length(2);
  });

  it('takes no refusal and no odd answer for a no', async () => {
    for (const [status, body] of [
      [403, {}],
      [500, {}],
      [200, {}],
      [200, { value: null }],
      [200, { value: [{ id: ids[0] }] }],
      [200, []],
    ] as const) {
      await using server = await aServer(answeringJson(status, body));
      await failureOf(checkGroups(aGraph(server.url).graph, ids), ApiFailed);
    }
  });
});
