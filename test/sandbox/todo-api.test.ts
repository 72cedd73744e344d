/** The sandbox's to-do API: lists, versions, and what applications read by themselves. */
import { expect } from 'chai';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { answerOf, TestClient, text } from './test-client.ts';

const [ada, ben] = ['ada@contoso.example', 'ben@contoso.example'];

describe('Sandbox to-dos', () => {
  let sandbox: Sandbox;
  let client: TestClient;
  let token: string;
  beforeEach(async () => {
    sandbox = await startSandbox();
    client = new TestClient(sandbox);
    token = await tokenOf(ada, 'Todos.ReadWrite');
  });
  afterEach(() => sandbox.close());

  const tokenOf = async (username: string, scope: string) =>
    text(await client.signIn(username, `${sandbox.todoResource}/${scope}`), 'access_token');
  const call = async (
    path: string,
    { method = 'GET', body, headers = {}, as = token }: CallOptions = {},
  ) => {
    const init = { method, headers: { authorization: `Bearer ${as}`, ...headers } };
    const url = `${sandbox.todoUrl}${path}`;
    return answerOf(await fetch(url, body === undefined ? init : { ...init, body }));
  };
  interface CallOptions {
    method?: string;
    body?: string;
    headers?: Record<string, string>;
    as?: string;
  }
  const listed = async (as = token) => {
    const { body } = await call('/todos', { as });
    return Array.isArray(body['value']) ? body['value'] : [];
  };

  it('are listed, added, changed and removed for each person apart', async () => {
    const added = await call('/todos', { method: 'POST', body: '{"title":"Buy tape"}' });
    expect(added.status).to.equal(201);
    const path = `/todos/${added.body['id']}`;
    const done = await call(path, { method: 'PATCH', body: '{"done":true}' });
    expect(done.body).to.include({ title: 'Buy tape', done: true });
    expect(await listed()).to.have.length(5);
    expect(await listed(await tokenOf(ben, 'Todos.Read'))).to.have.length(4);
    expect((await call(path, { method: 'DELETE' })).status).to.equal(204);
    expect(await listed()).to.have.length(4);
    expect((await call(path, { method: 'DELETE' })).status).to.equal(404);
  });

  it('are read but not written with Todos.Read, and not at all with a Graph token', async () => {
    const as = await tokenOf(ben, 'Todos.Read');
    expect((await call('/todos', { as })).status).to.equal(200);
    for (const [method, path] of [
      ['POST', '/todos'],
      ['PATCH', '/todos/1'],
      ['DELETE', '/todos/1'],
    ] as const) {
      const { status, body } = await call(path, { method, body: '{"title":"No"}', as });
      expect(status).to.equal(403);
      expect(body).to.have.nested.property('error.message').that.contains('Todos.ReadWrite');
    }
    const graph = text(await client.signIn(ben), 'access_token');
    expect((await call('/todos', { as: graph })).status).to.equal(401);
  });

  it('refuse bodies they do not understand', async () => {
    for (const body of ['', '[]', '{"title":""}']) {
      expect((await call('/todos', { method: 'POST', body })).status).to.equal(400);
    }
    const none = await call('/todos/none', { method: 'PATCH', body: '{}' });
    expect(none.status).to.equal(404);
  });

  it('are changed and removed only in the version that If-Match names, else 412', async () => {
    const etag = (await call('/todos/1')).headers.get('etag') ?? '';
    const change = { method: 'PATCH', body: '{"done":true}', headers: { 'if-match': etag } };
    const changed = await call('/todos/1', change);
    expect(changed.status).to.equal(200);
    expect(changed.headers.get('etag')).to.not.equal(etag);
    for (const stale of [change, { method: 'DELETE', headers: { 'if-match': etag } }]) {
      const { status, body } = await call('/todos/1', stale);
      expect(status).to.equal(412);
      expect(body['error']).to.include({ code: 'PreconditionFailed' });
    }
    const any = { method: 'DELETE', headers: { 'if-match': '*' } };
    expect((await call('/todos/1', any)).status).to.equal(204);
  });

  it('are answered 304 for a version that is known, one and the list', async () => {
    for (const path of ['/todos', '/todos/1']) {
      const etag = (await call(path)).headers.get('etag') ?? '';
      const headers = { 'if-none-match': etag };
      expect((await call(path, { headers })).status).to.equal(304);
    }
    const etag = (await call('/todos')).headers.get('etag') ?? '';
    await call('/todos/1', { method: 'PATCH', body: '{"done":true}' });
    expect((await call('/todos', { headers: { 'if-none-match': etag } })).status).to.equal(200);
  });

  describe('of everybody', () => {
    const appToken = async () => {
      const answer = await new TestClient(sandbox, 'contoso.example').token({
        grant_type: 'client_credentials',
        scope: `${sandbox.todoResource}/.default`,
      });
      return text(answer.body, 'access_token');
    };

    it('are read by an application with the role, and by no person', async () => {
      const { status, body } = await call('/all', { as: await appToken() });
      expect(status).to.equal(200);
      expect(body['value']).to.have.length(8);
      expect(body).to.have.nested.property('value[0].owner', ada);
      expect((await call('/all')).status).to.equal(403);
    });

    it('are refused with 403 and the missing role to an application without it', async () => {
      sandbox.controls.register({ ...demoApp, roles: [] });
      const { status, body } = await call('/all', { as: await appToken() });
      expect(status).to.equal(403);
      expect(body).to.have.nested.property('error.message').that.contains('role Todos.Read.All');
    });
  });
});
