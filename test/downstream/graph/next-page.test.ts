/** Pages of Graph lists: what is taken of a next link, and that no link turns a call elsewhere. */
import { expect } from 'chai';
import { z } from 'zod';
import { nextPage, pageCursor, parseCursor } from '../../../src/downstream/graph/next-page.ts';
import { ApiFailed } from '../../../src/errors.ts';
import { anApi, answeringJson, aServer, CANARY, failureOf } from '../api-rig.ts';
import { aGraph, queryOf } from './a-graph.ts';

const api = anApi(new URL('https://graph.microsoft.com/v1.0'));
const shape = z.object({ id: z.string() });

describe('A next link', () => {
  it('says where the next page begins, in any case of letters and however it is escaped', () => {
    const at = (query: string) => nextPage(api, `https://graph.microsoft.com/v1.0/me/x?${query}`);
    expect(at('$top=5&$skip=10')).to.deep.equal({ by: '$skip', value: '10' });
    expect(at('%24skiptoken=a%2Bb%3D%3D')).to.deep.equal({ by: '$skiptoken', value: 'a+b==' });
    expect(at('$skipToken=X&$skip=7')).to.deep.equal({ by: '$skiptoken', value: 'X' });
  });

  const foreign = {
    'another host': 'https://evil.example/v1.0/me/messages?$skip=10',
    'a host that begins like ours': 'https://graph.microsoft.com.evil/v1.0/me?$skip=10',
    'userinfo before another host': 'https://graph.microsoft.com@evil.example/v1.0/me?$skip=10',
    'userinfo before our host': 'https://a:b@graph.microsoft.com/v1.0/me?$skip=10',
    'another port': 'https://graph.microsoft.com:8443/v1.0/me?$skip=10',
    'plain http': 'http://graph.microsoft.com/v1.0/me?$skip=10',
    'another tenant’s path': 'https://graph.microsoft.com/other-tenant/me?$skip=10',
    'a path that begins like ours': 'https://graph.microsoft.com/v1.0-evil/me?$skip=10',
    'dots out of the base': 'https://graph.microsoft.com/v1.0/../beta/me?$skip=10',
    'escaped dots out of the base': 'https://graph.microsoft.com/v1.0/%2e%2e/beta/me?$skip=10',
    'no host': '/v1.0/me/messages?$skip=10',
    'another scheme': 'javascript:alert(1)//?$skip=10',
    'no beginning': 'https://graph.microsoft.com/v1.0/me/messages?$top=5',
    'a beginning that is no number': 'https://graph.microsoft.com/v1.0/me/messages?$skip=-1',
  };
  for (const [what, link] of Object.entries(foreign)) {
    it(`with ${what} is refused`, () => {
      expect(() => nextPage(api, link)).to.throw(ApiFailed);
    });
  }

  it('over plain http is refused on another machine, whatever the section says', () => {
    const link = (host: string) => `http://${host}/v1.0/me/messages?$skip=10`;
    const at = (host: string) => nextPage(anApi(new URL(`http://${host}/v1.0`)), link(host));
    expect(at('127.0.0.1:8080').value).to.equal('10');
    expect(() => at('graph.internal')).to.throw(ApiFailed);
  });

  it('leads back to this site’s own request: its token goes to no other server', async () => {
    await using elsewhere = await aServer(answeringJson(200, { value: [] }));
    const there = elsewhere.url.href;
    for (const link of [
      `${there}/me/messages?$skip=1`,
      `${there.replace('http://', 'http://127.0.0.1:1@')}/me/messages?$skip=1`,
      `${there.replace('127.0.0.1', 'localhost')}/me/messages?$skip=1`,
    ]) {
      await using server = await aServer(
        answeringJson(200, { value: [{ id: '1' }], '@odata.nextLink': link }),
      );
      const { graph } = aGraph(server.url);
      const reading = graph.listAll(shape, { path: '/me/messages' }, 5);
      const error = await failureOf(reading, ApiFailed);
      expect(error.detail.error).to.equal('next_link_refused');
      expect(error.message).not.to.include(CANARY).and.not.include(there);
      expect(server.seen).to.have.length(1);
    }
    expect(elsewhere.seen).to.deep.equal([]);
  });

  it('of another person’s list leads to the next page of one’s own', async () => {
    let base = '';
    await using server = await aServer(
      (request, response) => {
        const link = `${base}/users/someone-else/messages?$skiptoken=T%26%24top%3D9&$filter=x`;
        answeringJson(200, { value: [], '@odata.nextLink': link })(request, response);
      },
      answeringJson(200, { value: [{ id: '2' }] }),
    );
    base = server.url.href;
    const { graph } = aGraph(server.url);
    const read = { path: '/me/messages', query: { $top: '3' } };
    expect((await graph.listAll(shape, read, 5)).items).to.deep.equal([{ id: '2' }]);
    expect(new URL(server.seen[1]?.url ?? '', base).pathname).to.equal('/v1.0/me/messages');
    expect(queryOf(server.seen[1])).to.deep.equal({
      $select: 'id',
      $top: '3',
      $skiptoken: 'T&$top=9',
    });
  });
});

describe('A list', () => {
  const endless = (base: () => string) => (n: number) => ({
    value: [{ id: String(n) }],
    '@odata.nextLink': `${base()}/me/x?$skip=${n}`,
  });

  it('is read page by page to its end, and no further than it is allowed to', async () => {
    let base = '';
    let count = 0;
    const page = endless(() => base);
    await using server = await aServer((request, response) => {
      count += 1;
      answeringJson(200, count === 3 ? { value: [] } : page(count))(request, response);
    });
    base = server.url.href;
    const { graph } = aGraph(server.url);
    const whole = await graph.listAll(shape, { path: '/me/x' }, 10);
    expect(whole).to.deep.equal({ items: [{ id: '1' }, { id: '2' }], isCut: false });
    count = 10;
    const cut = await graph.listAll(shape, { path: '/me/x' }, 2);
    expect(cut).to.deep.equal({ items: [{ id: '11' }, { id: '12' }], isCut: true });
    expect(server.seen).to.have.length(5);
  });
});

describe('A cursor', () => {
  it('is where a page begins, and nothing else', () => {
    for (const start of [
      { by: '$skip', value: '25' } as const,
      { by: '$skiptoken', value: 'https://evil.example/?$top=1#&x' } as const,
    ]) {
      expect(parseCursor(pageCursor(start))).to.deep.equal(start);
    }
    for (const text of ['', 't', '-1', '1e3', '12345678', 'x', `t${'a'.repeat(4097)}`, 't\u0000']) {
      expect(parseCursor(text), JSON.stringify(text)).to.equal(undefined);
    }
  });
});
