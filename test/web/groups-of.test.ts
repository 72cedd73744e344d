/** The groups that a route decides by. */
import { once } from 'node:events';
import { expect } from 'chai';
import Koa from 'koa';
import { Unavailable } from '../../src/errors.ts';
import type { WebContext, WebState } from '../../src/web/context.ts';
import { groupsOf } from '../../src/web/groups-of.ts';
import { sessionAccount } from '../../src/web/session.ts';
import { tokenClaims } from '../../src/web/token-claims.ts';
import { ADA, FakeApis, GRAPH } from './a-web.ts';

const account = { id: ADA.accountId, epoch: 'epoch-1' };

describe('groupsOf', () => {
  const apis = new FakeApis([GRAPH]);
  beforeEach(() => {
    apis.calls.length = 0;
    apis.onJson = () => ({ value: [{ id: 'from-graph' }] });
  });

  /** What a route of someone with such an ID token is told. */
  async function groupsWith(claims: object): Promise<readonly string[]> {
    const app = new Koa<WebState, WebContext>();
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
    app.use(async (ctx) => {
      const tie = { account, identity: ADA, ...tokenClaims.parse(claims), now: 0, endsAt: 1 };
      const accounts = [sessionAccount(tie)];
      const record = { accounts, active: account.id, csrf: 'c', createdAt: 0, seenAt: 0 };
      ctx.session = { record, regenerate: () => undefined };
      ctx.state.account = { ...account, identity: ADA };
      ctx.state.apiClient = apis;
      ctx.state.correlationId = 'c-1';
      await groupsOf({ settings: { downstreamApis: [GRAPH] } }, ctx).then(resolve, reject);
      ctx.body = 'done';
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    try {
      const [groups] = await Promise.all([promise, fetch(`http://127.0.0.1:${port}/`)]);
      return groups;
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it('takes those of the ID token, and asks nobody then', async () => {
    expect(await groupsWith({ groups: ['g-1', 'g-2'] })).to.deep.equal(['g-1', 'g-2']);
    expect(await groupsWith({ groups: [] })).to.deep.equal([]);
    expect(apis.calls).to.be.empty;
  });

  const elsewhere = { src1: { endpoint: 'https://evil.example/users/1/getMemberObjects' } };
  const without: [string, object][] = [
    ['does not name them', {}],
    ['has more than it can hold', { hasgroups: true }],
    ['says where they are', { _claim_names: { groups: 'src1' }, _claim_sources: elsewhere }],
    ['names them in an odd way', { groups: [1, 2] }],
  ];
  for (const [what, claims] of without) {
    it(`asks Graph, and nobody else, when the ID token ${what}`, async () => {
      expect(await groupsWith(claims)).to.deep.equal(['from-graph']);
      const asked = apis.calls.map(({ api, path }) => `${api.baseUrl.host}${path}`);
      expect(asked).to.deep.equal(['graph.test/me/transitiveMemberOf/microsoft.graph.group']);
    });
  }

  it('does not take an outage of Graph for no groups', async () => {
    apis.onJson = () => {
      throw new Unavailable('Graph is away.');
    };
    const error: unknown = await groupsWith({}).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Unavailable);
  });
});
