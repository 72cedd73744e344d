/** The sandbox's Graph: files, downloads from another host, and uploads. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { bytesOf } from '../../../scripts/sandbox/file-bytes.ts';
import { type Sandbox, startSandbox } from '../../../scripts/sandbox/start-sandbox.ts';
import { answerOf, TestClient, text } from '../test-client.ts';
import { ada, allPages, ben, type Call, codeOf, graphAs, listOf, post } from './api-client.ts';

const unit = 320 * 1024;
const downloadUrl = '@microsoft.graph.downloadUrl';

describe('Sandbox Graph files', () => {
  let sandbox: Sandbox;
  let call: Call;
  let now: number;
  beforeEach(async () => {
    now = Date.parse('2026-03-02T10:00:00Z');
    sandbox = await startSandbox({ now: () => now });
    call = await graphAs(sandbox, ada, 'Files.Read');
  });
  afterEach(() => sandbox.close());

  const hashOf = async (source: AsyncIterable<Uint8Array>) => {
    const hash = createHash('sha256');
    for await (const chunk of source) hash.update(chunk);
    return hash.digest('hex');
  };
  const itemNamed = async (name: string) =>
    listOf(await call('/me/drive/root/children')).find((item) => item['name'] === name) ?? {};
  const addressOf = async (path: string) => (await call(path)).headers.get('location') ?? '';

  it('are listed with folders, and with a download address for files alone', async () => {
    const items = listOf(await call('/me/drive/root/children'));
    const [folder] = items;
    expect(folder).to.deep.include({ name: 'Photos', folder: { childCount: 30 } });
    expect(folder).to.not.have.property(downloadUrl);
    for (const item of items.filter((each) => 'file' in each)) {
      const url = new URL(String(item[downloadUrl]));
      expect(url.host).to.not.equal(new URL(sandbox.url).host);
    }
    const { entities, pages } = await allPages(
      call,
      `/me/drive/items/${folder?.['id']}/children?$top=20&$select=name`,
    );
    expect([entities.length, pages]).to.deep.equal([30, 2]);
    expect(entities[0]).to.have.all.keys('id', 'name');
  });

  it('are refused without the scope, for what is not there and for children of a file', async () => {
    const bare = await graphAs(sandbox, ben, 'User.Read');
    expect((await bare('/me/drive/root/children')).status).to.equal(403);
    const none = await call('/me/drive/items/none/children');
    expect([none.status, codeOf(none)]).to.deep.equal([404, 'itemNotFound']);
    const { id } = await itemNamed('Notes.txt');
    expect((await call(`/me/drive/items/${id}/children`)).status).to.equal(400);
    const put = { method: 'PUT', body: 'x' };
    expect((await call('/me/drive/root:/x.txt:/content', put)).status).to.equal(403);
  });

  it('are redirected to the other host, which gives the bytes and wants no token', async () => {
    const { id } = await itemNamed('Notes.txt');
    const redirected = await call(`/me/drive/items/${id}/content`);
    expect(redirected.status).to.equal(302);
    const url = redirected.headers.get('location') ?? '';
    expect(new URL(url).host).to.not.equal(new URL(sandbox.url).host);
    const response = await fetch(url);
    expect(response.headers.get('content-disposition')).to.contain('Notes.txt');
    expect(response.headers.get('content-length')).to.equal('1204');
    const bytes = Readable.from(response.body ?? []);
    expect(await hashOf(bytes)).to.equal(await hashOf(bytesOf(0, 1204)));
    const withToken = await fetch(url, { headers: { authorization: 'Bearer leaked' } });
    expect(withToken.status).to.equal(401);
    expect(sandbox.requests.at(-1)).to.deep.include({ endpoint: 'files', status: 401 });
    expect(sandbox.requests.at(-1)?.headers).to.include({ authorization: 'Bearer leaked' });
  });

  it('are not given for an address that is made up, another file’s or an hour old', async () => {
    const url = new URL(await addressOf('/me/drive/items/big-10/content'));
    const other = new URL(url);
    other.pathname = url.pathname.replace('big-10', 'big-11');
    expect((await fetch(other)).status).to.equal(401);
    expect((await fetch(url)).status).to.equal(200);
    now += 3_600_000;
    expect((await fetch(url)).status).to.equal(401);
  });

  it('are read in ranges: 206, or 416 with the size', async () => {
    const url = await addressOf('/me/drive/items/big-1000000/content');
    for (const [range, from, to] of [
      ['bytes=0-0', 0, 1],
      ['bytes=70000-199999', 70_000, 200_000],
      ['bytes=999990-', 999_990, 1_000_000],
      ['bytes=-5', 999_995, 1_000_000],
    ] as const) {
      const response = await fetch(url, { headers: { range } });
      expect(response.status, range).to.equal(206);
      const told = response.headers.get('content-range');
      expect(told).to.equal(`bytes ${from}-${to - 1}/1000000`);
      const bytes = await response.bytes();
      expect(bytes.length).to.equal(to - from);
      expect([bytes[0], bytes.at(-1)]).to.deep.equal([from % 251, (to - 1) % 251]);
    }
    for (const range of ['bytes=1000000-', 'bytes=5-2', 'lines=1-2']) {
      const response = await fetch(url, { headers: { range } });
      expect(response.status, range).to.equal(416);
      expect(response.headers.get('content-range')).to.equal('bytes */1000000');
    }
    const stale = await fetch(url, { headers: { range: 'bytes=0-0', 'if-range': '"old"' } });
    expect(stale.status).to.equal(200);
    await stale.body?.cancel();
  });

  it('are answered 304 for a version that is known, at both hosts', async () => {
    const token = text(await new TestClient(sandbox).signIn(ada, 'Files.Read'), 'access_token');
    const known = async (url: string, etag: string, headers: Record<string, string> = {}) =>
      (await fetch(url, { redirect: 'manual', headers: { 'if-none-match': etag, ...headers } }))
        .status;
    const { id, eTag } = await itemNamed('Notes.txt');
    const atGraph = `${sandbox.graphUrl}/me/drive/items/${id}/content`;
    const authorization = { authorization: `Bearer ${token}` };
    expect(await known(atGraph, String(eTag), authorization)).to.equal(304);
    expect(await known(atGraph, '"other"', authorization)).to.equal(302);
    const url = await addressOf(`/me/drive/items/${id}/content`);
    expect(await known(url, String(eTag))).to.equal(304);
    expect(await known(url, '"other"')).to.equal(200);
  });

  it('are of any size, made as they are read', async () => {
    const url = await addressOf('/me/drive/items/big-200000000/content');
    const before = process.memoryUsage().rss;
    let size = 0;
    for await (const chunk of (await fetch(url)).body ?? []) size += chunk.length;
    expect(size).to.equal(200_000_000);
    expect(process.memoryUsage().rss - before).to.be.lessThan(150_000_000);
  });

  it('are uploaded whole: counted, hashed, listed, and replaced by the same name', async () => {
    const write = await graphAs(sandbox, ada, 'Files.ReadWrite');
    const body = Buffer.alloc(3_000_000, 'x');
    const put = { method: 'PUT', body };
    const path = `/me/drive/root:/${encodeURIComponent('Größe 1 & 2.bin')}:/content`;
    const created = await write(path, put);
    expect(created.status).to.equal(201);
    expect(created.body).to.include({ name: 'Größe 1 & 2.bin', size: 3_000_000 });
    const sha256 = createHash('sha256').update(body).digest('hex');
    expect(sandbox.uploads).to.deep.equal([
      { username: ada, name: 'Größe 1 & 2.bin', size: 3_000_000, sha256 },
    ]);
    expect((await write(path, put)).status).to.equal(200);
    expect(await itemNamed('Größe 1 & 2.bin'))
      .to.have.property('eTag')
      .that.contains(',2"');
  });

  describe('uploaded in parts', () => {
    let address: string;
    const total = unit + 1000;
    const part = async (first: number, last: number, headers: Record<string, string> = {}) =>
      answerOf(
        await fetch(address, {
          method: 'PUT',
          headers: { 'content-range': `bytes ${first}-${last}/${total}`, ...headers },
          body: Buffer.alloc(last - first + 1, 'y'),
        }),
      );
    beforeEach(async () => {
      const write = await graphAs(sandbox, ada, 'Files.ReadWrite');
      const { body } = await write('/me/drive/root:/parts.bin:/createUploadSession', post({}));
      address = text(body, 'uploadUrl');
    });

    it('go to another host, 202 until the last and then 201', async () => {
      expect(new URL(address).host).to.not.equal(new URL(sandbox.url).host);
      const first = await part(0, unit - 1);
      expect(first.status).to.equal(202);
      expect(first.body['nextExpectedRanges']).to.deep.equal([`${unit}-`]);
      expect((await answerOf(await fetch(address))).body).to.have.property('expirationDateTime');
      const last = await part(unit, total - 1);
      expect(last.status).to.equal(201);
      expect(last.body).to.include({ name: 'parts.bin', size: total });
      const sha256 = createHash('sha256').update(Buffer.alloc(total, 'y')).digest('hex');
      expect(sandbox.uploads[0]).to.include({ size: total, sha256 });
      expect((await fetch(address)).status).to.equal(404);
    });

    it('are refused out of order, in odd sizes, with a wrong range and with a token', async () => {
      const statusOf = async (answer: Promise<{ status: number }>) => (await answer).status;
      expect(await statusOf(part(unit, total - 1))).to.equal(416);
      expect(await statusOf(part(0, 999))).to.equal(400);
      expect(await statusOf(part(0, unit - 1, { 'content-range': 'bytes 0-1/2' }))).to.equal(400);
      expect(await statusOf(part(0, unit - 1, { authorization: 'Bearer x' }))).to.equal(401);
      expect((await answerOf(await fetch(address))).body['nextExpectedRanges']).to.deep.equal([
        '0-',
      ]);
    });

    it('end when they are cancelled or an hour goes by', async () => {
      now += 3_600_000;
      expect((await part(0, unit - 1)).status).to.equal(404);
      now -= 3_600_000;
      expect((await fetch(address, { method: 'DELETE' })).status).to.equal(204);
      expect((await part(0, unit - 1)).status).to.equal(404);
    });

    it('do not begin where the name is taken and that should fail', async () => {
      const write = await graphAs(sandbox, ada, 'Files.ReadWrite');
      const fails = { item: { '@microsoft.graph.conflictBehavior': 'fail' } };
      const taken = await write('/me/drive/root:/Notes.txt:/createUploadSession', post(fails));
      expect([taken.status, codeOf(taken)]).to.deep.equal([409, 'nameAlreadyExists']);
    });
  });
});
