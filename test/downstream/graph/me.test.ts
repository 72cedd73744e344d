/** Who is signed in, as Graph knows them. */
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import {
  readManager,
  readMe,
  readPhoto,
  readReports,
  revokeSignInSessions,
} from '../../../src/downstream/graph/me.ts';
import { ApiFailed, Unavailable } from '../../../src/errors.ts';
import { answering, answeringJson, aServer, failureOf } from '../api-rig.ts';
import { aGraph, queryOf } from './a-graph.ts';

describe('readMe', () => {
  it('asks for the fields it shows, and does without those that are absent', async () => {
    await using graph = await aServer(
      answeringJson(200, { '@odata.context': 'x', id: '1', displayName: 'Ada', mail: null }),
    );
    const { graph: calls, broker } = aGraph(graph.url);
    const me = await readMe(calls);
    expect(me).to.include({ id: '1', displayName: 'Ada' });
    expect(me.mail).to.equal(undefined);
    expect(me.jobTitle).to.equal(undefined);
    expect(me).not.to.have.property('@odata.context');
    expect(broker.requests[0]?.scopes).to.deep.equal(['user.read']);
    const asked = new URL(graph.seen[0]?.url ?? '', graph.url);
    expect(asked.pathname).to.equal('/v1.0/me');
    expect(asked.searchParams.get('$select')).to.match(/^id,displayName,/);
    expect(graph.seen[0]?.headers['client-request-id']).to.equal('c-1');
  });

  it('fails on another shape, without saying what it was', async () => {
    for (const shape of [{ value: [] }, [], null, 'private text', { id: 1 }]) {
      await using graph = await aServer(answeringJson(200, shape));
      const error = await failureOf(readMe(aGraph(graph.url).graph), ApiFailed);
      expect(error.detail).to.deep.equal({
        api: 'GraphBeta',
        error: 'unexpected_shape',
        correlationId: 'c-1',
      });
      expect(error.cause).to.equal(undefined);
    }
  });
});

describe('readPhoto', () => {
  const read = async (answer: Parameters<typeof aServer>[0]) => {
    await using graph = await aServer(answer);
    const photo = await readPhoto(aGraph(graph.url).graph);
    expect(graph.seen[0]?.url).to.equal('/v1.0/me/photo/$value');
    return photo && { type: photo.headers['content-type'], bytes: await buffer(photo.body) };
  };

  it('gives the photo as a stream', async () => {
    const photo = await read(answering(200, Buffer.from([1, 2]), { 'content-type': 'image/jpeg' }));
    expect(photo).to.deep.equal({ type: 'image/jpeg', bytes: Buffer.from([1, 2]) });
  });

  it('gives nothing for a person without a photo', async () => {
    const none = answeringJson(404, { error: { code: 'ImageNotFound' } });
    expect(await read(none)).to.equal(undefined);
  });

  it('fails on anything but a raster image', async () => {
    for (const type of ['image/svg+xml', 'text/html', 'image/png-html', '']) {
      const headers = type ? { 'content-type': type } : {};
      const error = await failureOf(read(answering(200, '<svg/>', headers)), ApiFailed);
      expect(error.detail.error, type).to.equal('unexpected_content');
    }
  });

  it('fails as a JSON call does on other answers', async () => {
    const denied = answeringJson(403, { error: { code: 'ErrorAccessDenied' } });
    const error = await failureOf(read(denied), ApiFailed);
    expect(error.detail).to.include({ apiStatus: 403, error: 'ErrorAccessDenied' });
    const busy = answering(429, '', { 'retry-after': '77' });
    expect((await failureOf(read(busy), Unavailable)).retryAfterSeconds).to.equal(77);
  });
});

describe('readManager and readReports', () => {
  const ben = { id: '2', displayName: 'Ben', jobTitle: null };

  it('ask for what they show, each with its own permission', async () => {
    await using server = await aServer(
      answeringJson(200, ben),
      answeringJson(200, { value: [ben, { id: '3', displayName: null }] }),
    );
    const { graph, broker } = aGraph(server.url);
    expect(await readManager(graph)).to.include({ id: '2', displayName: 'Ben' });
    const reports = await readReports(graph);
    expect(reports.map(({ displayName }) => displayName)).to.deep.equal(['Ben', undefined]);
    expect(broker.requests.map(({ scopes }) => scopes)).to.deep.equal([
      ['User.Read.All'],
      ['User.ReadBasic.All'],
    ]);
    for (const each of server.seen) expect(queryOf(each)['$select']).to.match(/^id,displayName,/);
  });

  it('know nobody where Graph knows none, and fail on other answers', async () => {
    const none = answeringJson(404, { error: { code: 'Request_ResourceNotFound' } });
    await using server = await aServer(none, answeringJson(403, { error: { code: 'Denied' } }));
    const { graph } = aGraph(server.url);
    expect(await readManager(graph)).to.equal(undefined);
    expect((await failureOf(readManager(graph), ApiFailed)).detail.apiStatus).to.equal(403);
    expect((await failureOf(readReports(graph), ApiFailed)).detail.apiStatus).to.equal(403);
  });
});

describe('revokeSignInSessions', () => {
  it('is posted once, whatever the form of a good answer', async () => {
    await using server = await aServer(
      answering(204),
      answeringJson(200, { value: true }),
      answering(503),
    );
    const { graph, broker } = aGraph(server.url);
    await revokeSignInSessions(graph);
    await revokeSignInSessions(graph);
    await failureOf(revokeSignInSessions(graph), Unavailable);
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).to.deep.equal(
      Array(3).fill('POST /v1.0/me/revokeSignInSessions'),
    );
    expect(broker.requests[0]?.scopes).to.deep.equal(['User.RevokeSessions.All']);
  });
});
