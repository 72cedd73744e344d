/** The sections of APIs: names, scopes, gateway rules, and what is wrong with each. */
import { expect } from 'chai';
import { faultsWith, loadWith } from './config-rig.ts';

const api = (more: Readonly<Record<string, unknown>> = {}) => ({
  BaseUrl: 'https://todos.example/v1/',
  Scopes: 'api://todos/Todos.Read',
  ...more,
});
const apisWith = (changes: Readonly<Record<string, unknown>>) =>
  loadWith(changes).settings.downstreamApis;

describe('The sections of APIs', () => {
  it('give each API in the order they are written', () => {
    const apis = apisWith({ Zebra: api(), 'DownstreamApis:Todos': api({ RelativePath: 'me' }) });
    expect(apis.map(({ name }) => name)).to.deep.equal(['Graph', 'Todos', 'Zebra']);
    expect(apis[1]).to.deep.equal({
      name: 'Todos',
      baseUrl: new URL('https://todos.example/v1'),
      relativePath: '/me',
      scopes: ['api://todos/Todos.Read'],
      redirectHosts: [],
      gateway: [],
      requestAppToken: false,
      hasPage: true,
      defaults: {
        ...{ method: 'GET', accept: undefined, contentType: undefined, headers: {}, query: {} },
        ...{ tenantId: undefined, claims: undefined, forceRefresh: false },
      },
      limits: { requestMs: 20_000, responseMs: 15_000, maxRetries: 2, maxConcurrent: 200 },
    });
  });

  it('say what each call is made with, in the names of Microsoft.Identity.Web', () => {
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    const todos = apisWith({
      'DownstreamApis:Todos': api({
        ...{ HttpMethod: 'post', AcceptHeader: 'text/csv', ContentType: 'text/plain' },
        ExtraHeaderParameters: { 'Ocp-Apim-Subscription-Key': 'k', ConsistencyLevel: 'eventual' },
        ExtraQueryParameters: { 'api-version': '2026-01-01' },
        AcquireTokenOptions: { Tenant: 'contoso.example', Claims: claims, ForceRefresh: true },
        ...{ TimeoutSeconds: 5, MaxRetries: 0, MaxConcurrentCalls: 3 },
      }),
    })[1];
    expect(todos?.defaults).to.deep.equal({
      ...{ method: 'POST', accept: 'text/csv', contentType: 'text/plain' },
      headers: { 'Ocp-Apim-Subscription-Key': 'k', ConsistencyLevel: 'eventual' },
      query: { 'api-version': '2026-01-01' },
      ...{ tenantId: 'contoso.example', claims, forceRefresh: true },
    });
    const limits = { requestMs: 5000, responseMs: 5000, maxRetries: 0, maxConcurrent: 3 };
    expect(todos?.limits).to.deep.equal(limits);
  });

  it('have a page, but for one that turns it off, and one called as the site itself, whatever it says', () => {
    const app = { Scopes: 'api://todos/.default', RequestAppToken: true };
    const apis = apisWith({
      'AzureAd:TenantId': 'contoso.example',
      'DownstreamApis:Off': api({ Page: false }),
      'DownstreamApis:On': api(),
      'DownstreamApis:Own': api({ ...app, Page: true }),
    });
    const pages = Object.fromEntries(apis.map(({ name, hasPage }) => [name, hasPage]));
    expect(pages).to.include({ Off: false, On: true, Own: false });
  });

  it('may be called as the site itself, in one tenant', () => {
    const app = { Scopes: 'api://todos/.default', RequestAppToken: true };
    const one = { 'AzureAd:TenantId': 'contoso.example', 'DownstreamApis:Todos': api(app) };
    expect(apisWith(one)[1]?.requestAppToken).to.equal(true);
    const other = {
      'DownstreamApis:Todos': api({ ...app, AcquireTokenOptions: { Tenant: 'a.b' } }),
    };
    expect(apisWith({ 'AzureAd:TenantId': 'common', ...other })[1]?.defaults.tenantId).to.equal(
      'a.b',
    );
    const faults = faultsWith({ 'AzureAd:TenantId': 'common', 'DownstreamApis:Todos': api(app) });
    expect(faults.map(({ key }) => key)).to.deep.equal(['Todos:AcquireTokenOptions:Tenant']);
  });

  it('that are called as the site itself have one whole scope, and no gateway', () => {
    const app = { Scopes: 'api://todos/.default', RequestAppToken: true };
    const Gateway = [{ Methods: 'GET', Path: '/**' }];
    for (const [more, key] of [
      [{ Scopes: 'api://todos/Read' }, 'Scopes'],
      [{ Scopes: 'api://todos/.default api://todos/Read' }, 'Scopes'],
      [{ Gateway }, 'Gateway'],
    ] as const) {
      const changes = { 'AzureAd:TenantId': 'contoso.example' };
      const faults = faultsWith({ ...changes, 'DownstreamApis:Todos': api({ ...app, ...more }) });
      expect(faults.map((fault) => fault.key)).to.deep.equal([`DownstreamApis:Todos:${key}`]);
    }
  });

  it('that are called as the site itself lend no scopes to the sign-in', () => {
    const app = { Scopes: 'api://todos/.default', RequestAppToken: true };
    const { settings } = loadWith({
      ...{ 'AzureAd:TenantId': 'contoso.example', DownstreamApis: undefined },
      ...{ A: api(app), B: api({ Scopes: 'api://b/Read' }) },
    });
    expect(settings.site.signInScopes).to.deep.equal(['api://b/Read']);
  });

  it('may stand at the top under Microsoft’s old name', () => {
    expect(apisWith({ DownstreamApi: api() }).at(-1)?.name).to.equal('DownstreamApi');
  });

  it('may be http on loopback', () => {
    for (const host of ['localhost:5001', '127.0.0.1', '127.1.2.3:80', '[::1]:5001']) {
      const base = { 'DownstreamApis:Todos': api({ BaseUrl: `http://${host}` }) };
      expect(apisWith(base)).to.have.length(2);
    }
  });

  it('take scopes as one text or a list, and leave out those of OpenID Connect', () => {
    for (const scopes of [
      'openid User.Read Mail.Read',
      ['User.Read', 'offline_access Mail.Read'],
    ]) {
      const [graph] = apisWith({ 'DownstreamApis:Graph:Scopes': scopes });
      expect(graph?.scopes).to.deep.equal(['User.Read', 'Mail.Read']);
    }
  });

  it('know Graph’s scopes with and without prefix as one resource', () => {
    const scopes = 'User.Read https://graph.microsoft.com/Mail.Read';
    expect(apisWith({ 'DownstreamApis:Graph:Scopes': scopes })).to.have.length(1);
  });

  it('open paths to front-ends by rules', () => {
    const Gateway = [
      { Methods: 'get, Post', Path: '/me/**' },
      { Methods: ['DELETE'], Path: '/me/*/x', Scopes: 'Mail.ReadWrite' },
    ];
    expect(apisWith({ 'DownstreamApis:Graph:Gateway': Gateway })[0]?.gateway).to.deep.equal([
      { methods: ['GET', 'POST'], path: '/me/**', scopes: undefined },
      { methods: ['DELETE'], path: '/me/*/x', scopes: ['Mail.ReadWrite'] },
    ]);
  });

  it('take hosts of redirects', () => {
    const RedirectHosts = 'Files.example, cdn.example:8443';
    const [graph] = apisWith({ 'DownstreamApis:Graph:RedirectHosts': RedirectHosts });
    expect(graph?.redirectHosts).to.deep.equal(['files.example', 'cdn.example:8443']);
  });

  it('are not needed', () => {
    const { settings } = loadWith({ DownstreamApis: undefined });
    expect(settings.downstreamApis).to.deep.equal([]);
    expect(settings.site.signInScopes).to.deep.equal([]);
  });

  it('warn of a section that only looks like one, and of keys without effect', () => {
    const { warnings } = loadWith({
      Todos: { Scopes: 'x' },
      'DownstreamApis:Graph:Serializer': 'x',
      'DownstreamApis:Graph:Colour': 'blue',
    });
    expect(warnings).to.have.members([
      'Todos is not taken as an API, because it has no BaseUrl. Give it the BaseUrl of the API, or remove it.',
      'DownstreamApis:Graph:Serializer has no effect here. Remove it, unless another program reads it.',
      'DownstreamApis:Graph:Colour is not known here, and has no effect. Remove it, unless another program reads it.',
    ]);
  });

  describe('are refused for', () => {
    for (const [key, value, problem] of [
      ['BaseUrl', undefined, 'is missing'],
      ['BaseUrl', 'http://todos.example', 'plain http'],
      ['BaseUrl', 'http://localhost.example', 'plain http'],
      ['BaseUrl', 'http://127.example', 'plain http'],
      ['BaseUrl', 'https://a:b@todos.example', 'holds a user name or password'],
      ['BaseUrl', 'https://todos.example?x', 'has a query'],
      ['BaseUrl', 'https://todos.example#x', 'has a fragment'],
      ['BaseUrl', 'ftp://todos.example', 'neither https'],
      ['BaseUrl', 'todos', 'is not a URL'],
      ['BaseUrl', 1, 'holds a number'],
      ['Scopes', undefined, 'is missing'],
      ['Scopes', '', 'is missing'],
      ['Scopes', 'openid profile', 'names nothing of the API'],
      ['Scopes', 'api://a/Read api://b/Read', 'scopes of 2 resources: api://a, api://b'],
      ['Scopes', 'User.Read api://b/Read', 'Microsoft Graph, api://b'],
      ['Scopes', 'User.Read,Mail.Read', 'holds a comma'],
      ['Scopes', 'User."Read"', 'holds a comma'],
      ['Scopes', { a: 'User.Read' }, 'holds an object'],
      ['Scopes:0', true, 'holds true', ['x']],
      ['RelativePath', '/me?x=1', 'holds a query'],
      ['RelativePath', '../admin', 'dot segment'],
      ['RedirectHosts', 'https://files.example', 'not the name of a host'],
      ['RedirectHosts', '*.example', 'not the name of a host'],
      ['RedirectHosts', 'files.example/x', 'not the name of a host'],
      ['ProtocolScheme', 'Pop', 'is not Bearer'],
      ['HttpMethod', 'FETCH', 'is FETCH'],
      ['AcceptHeader', 'a\nb', 'holds what no header may'],
      ['ContentType', 'a\u0000b', 'holds what no header may'],
      ['ExtraHeaderParameters', { Authorization: 'x' }, 'sets Authorization'],
      ['ExtraHeaderParameters', { HOST: 'x' }, 'sets HOST'],
      ['ExtraHeaderParameters', { 'X-Forwarded-For': 'x' }, 'sets X-Forwarded-For'],
      ['ExtraHeaderParameters', { 'X-Original-URL': 'x' }, 'sets X-Original-URL'],
      ['ExtraHeaderParameters', { 'X-MS-CLIENT-PRINCIPAL-ID': 'x' }, 'sets X-MS-CLIENT'],
      ['ExtraHeaderParameters', { 'X-MS-TOKEN-AAD': 'x' }, 'sets X-MS-TOKEN'],
      ['ExtraHeaderParameters', { 'a b': 'x' }, 'holds a b'],
      ['ExtraHeaderParameters', { a: 'x\r\ny: z' }, 'holds a, which is no header'],
      ['ExtraHeaderParameters', ['x'], 'holds a list'],
      ['ExtraQueryParameters', 'x', 'holds a text'],
      ['TimeoutSeconds', 0, 'is 0'],
      ['ResponseTimeoutSeconds', 30, 'is longer than TimeoutSeconds'],
      ['MaxRetries', 11, 'is 11'],
      ['MaxConcurrentCalls', 0, 'is 0'],
      ['RedirectHost', 'x', 'is not a key'],
      ['Gatway', [], 'is not a key'],
      ['Gateway', { Methods: 'GET' }, 'holds an object'],
      ['Gateway', '/me', 'holds a text'],
    ] as const) {
      it(`${key} ${JSON.stringify(value) ?? 'absent'}: ${problem}`, () => {
        const name = key.split(':')[0] ?? '';
        const written = key === name ? value : [value];
        const faults = faultsWith({ 'DownstreamApis:Todos': api({ [name]: written }) });
        expect(faults.map((fault) => fault.key)).to.deep.equal([`DownstreamApis:Todos:${key}`]);
        expect(faults[0]?.problem).to.contain(problem);
      });
    }

    for (const [key, value, problem] of [
      ['Methods', undefined, 'is missing'],
      ['Methods', 'GTE', 'holds GTE'],
      ['Methods', ['GET', 'TRACE'], 'holds TRACE'],
      ['Path', undefined, 'is missing'],
      ['Path', 'me', 'does not begin with "/"'],
      ['Path', '/me?x', 'holds a query'],
      ['Path', '/../me', 'dot segment'],
      ['Path', '/a%2Fb', 'escaped slash'],
      ['Path', '/a//b', 'an empty segment'],
      ['Path', '/me/ph*', 'not a whole segment'],
      ['Path', '/me/***', 'not a whole segment'],
      ['Scopes', 'Mail.Read', 'leaves the API’s own resource'],
      ['Scope', 'x', 'is not a key'],
      ['Hosts', 'x', 'is not a key'],
    ] as const) {
      it(`a gateway rule with ${key} ${JSON.stringify(value) ?? 'absent'}: ${problem}`, () => {
        const rule = { Methods: 'GET', Path: '/me', [key]: value };
        const faults = faultsWith({ 'DownstreamApis:Todos': api({ Gateway: [rule] }) });
        expect(faults.map((fault) => fault.key)).to.deep.equal([
          `DownstreamApis:Todos:Gateway:0:${key}`,
        ]);
        expect(faults[0]?.problem).to.contain(problem);
      });
    }

    it('a name that the site keeps, that no path takes, or that is there already', () => {
      for (const [changes, key, problem] of [
        [{ 'DownstreamApis:Session': api() }, 'DownstreamApis:Session', 'keeps for itself'],
        [{ 'To do': api() }, 'To do', 'cannot stand in a path'],
        [{ 'DownstreamApis:..': api() }, 'DownstreamApis:..', 'cannot stand in a path'],
        [{ 'DownstreamApis:': api() }, 'DownstreamApis:', 'cannot stand in a path'],
        [{ graph: api() }, 'graph', 'has the name of DownstreamApis:Graph'],
        [{ 'DownstreamApis:GRAPH': api() }, 'DownstreamApis:GRAPH', 'is written twice'],
      ] as const) {
        const faults = faultsWith(changes);
        expect(faults.map((fault) => fault.key)).to.deep.equal([key]);
        expect(faults[0]?.problem).to.contain(problem);
      }
    });

    it('being no sections by name', () => {
      for (const value of [[api()], 'x', 1]) {
        const [fault] = faultsWith({ DownstreamApis: value });
        expect(fault).to.deep.include({
          key: 'DownstreamApis',
          problem: 'holds no sections by name',
        });
      }
      expect(faultsWith({ 'DownstreamApis:Todos': 'x' })[0]).to.deep.include({
        key: 'DownstreamApis:Todos',
        problem: 'holds a text',
      });
    });
  });
});
