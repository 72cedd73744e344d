/** The sandbox's Graph: who is let in, and the person and their picture. */
import { inflateSync } from 'node:zlib';
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { TestClient, text } from './test-client.ts';

const ada = 'ada@contoso.example';
const all = 'openid offline_access User.Read Mail.Read Calendars.Read People.Read';

describe('Sandbox APIs', () => {
  let sandbox: Sandbox;
  let client: TestClient;
  let now: number;
  beforeEach(async () => {
    now = Date.parse('2026-03-02T10:00:00Z');
    sandbox = await startSandbox({ now: () => now });
    client = new TestClient(sandbox);
  });
  afterEach(() => sandbox.close());

  const accessTokenOf = async (username: string, scope = all) =>
    text(await client.signIn(username, scope), 'access_token');
  const graph = (path: string, token: string) => client.call(`${sandbox.graphUrl}${path}`, token);

  describe('Graph', () => {
    it('tells each person who they are', async () => {
      for (const { username, name, id } of sandbox.users) {
        const token = await accessTokenOf(username, 'User.Read');
        const { body } = await graph('/me', token);
        expect(body).to.include({ displayName: name, userPrincipalName: username, id });
        expect(body).to.have.property('@odata.context');
      }
    });

    it('ends a person’s sign-ins everywhere when they ask for it with the scope for it', async () => {
      const scope = 'openid offline_access User.RevokeSessions.All';
      const body = await client.signIn(ada, scope);
      const path = `${sandbox.graphUrl}/me/revokeSignInSessions`;
      const ask = (token: string) =>
        fetch(path, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
      expect((await ask(await accessTokenOf('ben@contoso.example', 'User.Read'))).status).to.equal(
        403,
      );
      expect((await client.refresh(text(body, 'refresh_token'), scope)).status).to.equal(200);
      const answer = await ask(text(body, 'access_token'));
      expect(answer.status).to.equal(200);
      expect(await answer.json()).to.include({ value: true });
      const refused = await client.refresh(text(body, 'refresh_token'), scope);
      expect(refused.body['error_codes']).to.deep.equal([50173]);
    });

    it('has a whole PNG picture for each person but one', async () => {
      const token = await accessTokenOf(ada);
      const url = `${sandbox.graphUrl}/me/photo/$value`;
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      expect(response.headers.get('content-type')).to.equal('image/png');
      const picture = Buffer.from(await response.arrayBuffer());
      const data = picture.indexOf('IDAT');
      const length = picture.readUInt32BE(data - 4);
      const pixels = inflateSync(picture.subarray(data + 4, data + 4 + length));
      expect(pixels.length).to.equal(192 * (1 + 192 * 3));
      const none = await graph('/me/photo/$value', await accessTokenOf('ben@contoso.example'));
      expect(none.status).to.equal(404);
      expect(none.body['error']).to.include({ code: 'ImageNotFound' });
    });

    it('refuses a missing scope with 403', async () => {
      const { status, body } = await graph('/me/messages', await accessTokenOf(ada, 'User.Read'));
      expect(status).to.equal(403);
      expect(body['error']).to.include({ code: 'ErrorAccessDenied' });
      expect(body).to.have.nested.property('error.innerError.request-id');
    });

    it('refuses tokens that are absent, expired, altered or for another API with 401', async () => {
      const token = await accessTokenOf(ada);
      const todoToken = await accessTokenOf(ada, `${sandbox.todoResource}/Todos.Read`);
      const [head, body, signature] = token.split('.');
      const other = Buffer.from(
        JSON.stringify({
          ...JSON.parse(Buffer.from(body ?? '', 'base64url').toString()),
          oid: 'x',
        }),
      ).toString('base64url');
      for (const bad of ['', 'x', todoToken, `${head}.${other}.${signature}`]) {
        const answer = await graph('/me', bad);
        expect(answer.status, bad.slice(0, 20)).to.equal(401);
        expect(answer.headers.get('www-authenticate')).to.match(/^Bearer /);
      }
      now += 3600_000;
      expect((await graph('/me', token)).status).to.equal(401);
    });

    it('accepts tokens of a personal account, signed with the personal key', async () => {
      const token = await accessTokenOf('eve@personal.example');
      expect((await graph('/me', token)).status).to.equal(200);
    });
  });
});
