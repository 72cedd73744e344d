/** The groups of a person, in Graph. */
import { json } from 'node:stream/consumers';
import { expect } from 'chai';
import { checkGroups, readGroupIds, readGroups } from '../../../src/downstream/graph/groups.ts';
import { ApiFailed } from '../../../src/errors.ts';
import { answeringJson, aServer, failureOf } from '../api-rig.ts';
import { aGraph, queryOf } from './a-graph.ts';

describe('readGroupIds', () => {
  it('gives the ids of all pages, groups within groups included, for User.Read', async () => {
    let page = 0;
    await using server = await aServer((request, response) => {
      page += 1;
      const link = `http://${request.headers.host}/v1.0/me/x?$skiptoken=${page}`;
      const value = [{ id: `g-${page}`, displayName: null }];
      const more = page < 3 ? { '@odata.nextLink': link } : {};
      answeringJson(200, { value, ...more })(request, response);
    });
    const { graph, broker } = aGraph(server.url);
    expect(await readGroupIds(graph)).to.deep.equal(['g-1', 'g-2', 'g-3']);
    expect(queryOf(server.seen[2])).to.deep.equal({
      ...{ $select: 'id', $count: 'true', $top: '999', $skiptoken: '2' },
    });
    expect(server.seen[0]?.url).to.match(
      /^\/v1\.0\/me\/transitiveMemberOf\/microsoft\.graph\.group\?/,
    );
    expect(server.seen[0]?.headers['consistencylevel']).to.equal('eventual');
    expect(broker.requests[0]?.scopes).to.deep.equal(['User.Read']);
  });

  it('gives nothing rather than some of them', async () => {
    await using endless = await aServer((request, response) => {
      const link = `http://${request.headers.host}/v1.0/me/x?$skiptoken=again`;
      answeringJson(200, { value: [{ id: 'g' }], '@odata.nextLink': link })(request, response);
    });
    const error = await failureOf(readGroupIds(aGraph(endless.url).graph), Error);
    expect(error.message).to.include('more than 20 groups');
    await using broken = await aServer(answeringJson(403, {}));
    await failureOf(readGroupIds(aGraph(broken.url).graph), ApiFailed);
  });
});

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
