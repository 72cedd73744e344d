/** The pages' calls to Microsoft Graph. */
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import {
  findGraph,
  graphScopes,
  readMe,
  readMessages,
  readPhoto,
} from '../../src/downstream/graph.ts';
import { ApiFailed, Unavailable } from '../../src/errors.ts';
import {
  aClient,
  account,
  anApi,
  answering,
  answeringJson,
  aServer,
  failureOf,
} from './api-rig.ts';

const url = new URL('https://graph.example');

describe('findGraph', () => {
  it('gives the first section whose name begins with Graph, in any case', () => {
    const names = ['ToDo', 'MyGraph', 'GRAPHBeta', 'Graph'];
    expect(findGraph(names.map((name) => anApi(url, { name })))?.name).to.equal('GRAPHBeta');
    expect(findGraph([anApi(url, { name: 'ToDo' })])).to.equal(undefined);
  });
});

describe('graphScopes', () => {
  const scopesWith = (...scopes: string[]) => graphScopes(anApi(url, { scopes }), 'Mail.Read');

  it('writes a permission with the prefix that the section uses', () => {
    expect(scopesWith('user.read')).to.deep.equal(['Mail.Read']);
    expect(scopesWith()).to.deep.equal(['Mail.Read']);
    expect(scopesWith('openid', 'https://graph.microsoft.com/User.Read')).to.deep.equal([
      'https://graph.microsoft.com/Mail.Read',
    ]);
    expect(scopesWith('api://graph/tenant//User.Read')).to.deep.equal([
      'api://graph/tenant//Mail.Read',
    ]);
  });

  it('does not mix a permission with .default', () => {
    const everything = 'https://graph.microsoft.com/.default';
    expect(scopesWith(everything)).to.deep.equal([everything]);
    expect(scopesWith('.default')).to.deep.equal(['.default']);
  });
});

describe('readMe', () => {
  it('asks for the fields it shows, and does without those that are absent', async () => {
    await using graph = await aServer(
      answeringJson(200, { '@odata.context': 'x', id: '1', displayName: 'Ada', mail: null }),
    );
    const { client, broker } = aClient();
    const me = await readMe(client, anApi(graph.url), account, { correlationId: 'c-1' });
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
      const options = { correlationId: 'c-1' };
      const reading = readMe(aClient().client, anApi(graph.url), account, options);
      const error = await failureOf(reading, ApiFailed);
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
    const photo = await readPhoto(aClient().client, anApi(graph.url), account);
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

describe('readMessages', () => {
  const message = {
    id: 'm-1',
    subject: 'Hello',
    from: { emailAddress: { name: 'Ada', address: 'ada@contoso.example' } },
    receivedDateTime: '2026-01-01T12:00:00Z',
    bodyPreview: 'Dear …',
    isRead: true,
    webLink: 'https://outlook.example/m-1',
  };

  it('asks for the newest ones, with the scope for mail', async () => {
    await using graph = await aServer(answeringJson(200, { value: [message] }));
    const { client, broker } = aClient();
    const api = anApi(graph.url, { scopes: ['https://graph.microsoft.com/User.Read'] });
    const messages = await readMessages(client, api, account, { top: 10 });
    expect(messages).to.deep.equal([
      { ...message, from: { name: 'Ada', address: 'ada@contoso.example' }, hasAttachments: false },
    ]);
    expect(broker.requests[0]?.scopes).to.deep.equal(['https://graph.microsoft.com/Mail.Read']);
    const asked = new URL(graph.seen[0]?.url ?? '', graph.url);
    expect(asked.pathname).to.equal('/v1.0/me/messages');
    expect(Object.fromEntries(asked.searchParams)).to.deep.include({
      $top: '10',
      $orderby: 'receivedDateTime desc',
    });
    expect(graph.seen[0]?.url).to.include('receivedDateTime%20desc');
  });

  it('does without a sender and a subject, and drops links that are not https', async () => {
    const draft = { id: 'm-2', from: null, subject: null, webLink: 'javascript:alert(1)' };
    await using graph = await aServer(answeringJson(200, { value: [draft] }));
    const [read] = await readMessages(aClient().client, anApi(graph.url), account, { top: 1 });
    expect(read).to.include({ id: 'm-2', isRead: false });
    expect([read?.from, read?.subject, read?.webLink]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('fails on another shape', async () => {
    for (const shape of [{}, { value: {} }, { value: [{ subject: 'no id' }] }]) {
      await using graph = await aServer(answeringJson(200, shape));
      const reading = readMessages(aClient().client, anApi(graph.url), account, { top: 1 });
      expect((await failureOf(reading, ApiFailed)).detail.error).to.equal('unexpected_shape');
    }
  });
});
