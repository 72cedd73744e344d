/** What each call is made with: the section's defaults, the call's own word, a person's token or the site's. */
import { expect } from 'chai';
import { aClient, account, anApi, answeringJson, aServer, noDefaults } from './api-rig.ts';

describe('A call of an API', () => {
  it('has the headers, parameters and media types of its section, where it says nothing else', async () => {
    await using server = await aServer(answeringJson(200, {}));
    const api = anApi(server.url, {
      defaults: {
        ...noDefaults,
        accept: 'text/csv',
        headers: { 'X-Key': 'of the section', Prefer: 'a' },
        query: { 'api-version': '1', top: '5' },
      },
    });
    const { client } = aClient();
    await client.json(account, { api, path: '/me' });
    const query = { top: '9', extra: 'x' };
    const own = { api, path: '/me', query, headers: { prefer: 'b' }, accept: 'application/json' };
    await client.json(account, own);
    const [first, second] = server.seen;
    expect(first?.url).to.equal('/v1.0/me?api-version=1&top=5');
    expect(first?.headers).to.include({
      accept: 'text/csv',
      'x-key': 'of the section',
      prefer: 'a',
    });
    expect(second?.url).to.equal('/v1.0/me?api-version=1&top=9&extra=x');
    expect(second?.headers).to.include({ accept: 'application/json', prefer: 'b' });
  });

  it('has no reserved header, whoever names it', async () => {
    await using server = await aServer(answeringJson(200, {}));
    const headers = {
      Authorization: 'x',
      Cookie: 'x',
      'X-Forwarded-For': 'x',
      'X-MS-TOKEN-AAD': 'x',
    };
    const api = anApi(server.url, { defaults: { ...noDefaults, headers } });
    await aClient().client.json(account, { api, path: '', headers: { HOST: 'evil.test' } });
    const [seen] = server.seen;
    expect(seen?.headers.authorization).to.match(/^Bearer /);
    expect(seen?.headers.host).to.equal(server.url.host);
    expect(seen?.headers).not.to.have.any.keys('cookie', 'x-forwarded-for', 'x-ms-token-aad');
  });

  it('has a token as the section asks for it, or the call', async () => {
    await using server = await aServer(answeringJson(200, {}));
    const own = { tenantId: 'contoso.example', claims: '{"a":1}', forceRefresh: true };
    const api = anApi(server.url, { defaults: { ...noDefaults, ...own } });
    const { client, broker } = aClient();
    await client.json(account, { api, path: '' });
    const other = { tenantId: 'fabrikam.example', claims: '{"b":2}', forceRefresh: false };
    await client.json(account, { api, path: '', ...other, scopes: ['mail.read'] });
    expect(broker.requests).to.deep.equal([
      { scopes: ['user.read'], ...own },
      { scopes: ['mail.read'], tenantId: 'fabrikam.example', claims: '{"b":2}' },
    ]);
  });

  it('is made as the site itself with the site’s token, and no person’s', async () => {
    await using server = await aServer(answeringJson(401, {}), answeringJson(200, {}));
    const { client, broker } = aClient();
    for (const [scopes, baseUrl, wanted, requestAppToken] of [
      [['api://todos/.default'], server.url, 'api://todos/.default', true],
      [['api://todos/Read'], server.url, 'api://todos/.default', false],
      [['User.Read'], server.url, `${server.url.origin}/.default`, false],
    ] as const) {
      await client.json('site', { api: anApi(baseUrl, { scopes, requestAppToken }), path: '' });
      expect(broker.appRequests.at(-1)?.scopes).to.deep.equal([wanted]);
    }
    expect(broker.requests).to.deep.equal([]);
    expect(broker.appRequests[1]).to.have.property('refused');
    expect(server.seen[0]?.headers.authorization).to.match(/-app-1$/);
    expect(server.seen[1]?.headers.authorization).to.match(/-app-2$/);
  });

  it('that an API challenges again after the challenge was answered ends in words', async () => {
    const claims = Buffer.from('{"access_token":{"acrs":{"value":"c1"}}}').toString('base64');
    const challenge = `Bearer realm="", authorization_uri=https://a.test/authorize, error="insufficient_claims", claims="${claims}"`;
    await using server = await aServer(answeringJson(401, {}, { 'www-authenticate': challenge }));
    const { client, broker } = aClient();
    const call = client.json(account, { api: anApi(server.url), path: '' });
    const error = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error)
      .to.be.instanceOf(Error)
      .with.property('message')
      .that.includes('certain networks');
    expect(error).to.have.nested.property('detail.error', 'insufficient_claims');
    expect(broker.requests).to.have.length(2);
    expect(server.seen).to.have.length(2);
  });
});
