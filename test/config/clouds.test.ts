/** The clouds: each with its own hosts, and no API, scope or token of one in a site of another. */
import { expect } from 'chai';
import {
  canonicalHost,
  cloudOf,
  GRAPH_HOSTS,
  tokenExchangeAudience,
} from '../../src/config/clouds.ts';
import { resourceOf } from '../../src/scope-set.ts';
import { faultsWith, loadWith } from './config-rig.ts';

const clouds = [
  ['login.microsoftonline.com', ['graph.microsoft.com'], ''],
  ['login.microsoftonline.us', ['graph.microsoft.us', 'dod-graph.microsoft.us'], 'USGov'],
  ['login.partner.microsoftonline.cn', ['microsoftgraph.chinacloudapi.cn'], 'China'],
  ['login.sovcloud-identity.fr', ['graph.svc.sovcloud.fr'], 'France'],
  ['login.sovcloud-identity.de', ['graph.svc.sovcloud.de'], 'Germany'],
  ['login.sovcloud-identity.sg', ['graph.svc.sovcloud.sg'], undefined],
] as const;

const at = (instance: string, baseUrl: string, more: Readonly<Record<string, unknown>> = {}) => ({
  'AzureAd:Instance': `https://${instance}/`,
  'DownstreamApis:Graph:BaseUrl': baseUrl,
  ...more,
});

describe('The clouds', () => {
  for (const [host, graphHosts, audience] of clouds) {
    describe(`at ${host}`, () => {
      it('take their own Microsoft Graph, with and without its prefix', () => {
        for (const graph of graphHosts) {
          for (const scope of ['User.Read', `https://${graph}/User.Read`]) {
            const changes = at(host, `https://${graph}/v1.0`, {
              'DownstreamApis:Graph:Scopes': scope,
              'Site:SignInScopes': scope,
            });
            expect(loadWith(changes).settings.downstreamApis).to.have.length(1);
          }
        }
      });

      it('refuse the Microsoft Graph of every other, and name their own', () => {
        const others = [...GRAPH_HOSTS].filter((each) => !graphHosts.some((own) => own === each));
        expect(others).to.have.length(GRAPH_HOSTS.size - graphHosts.length);
        for (const other of others) {
          const [fault, ...more] = faultsWith(at(host, `https://${other}/beta`));
          expect(more).to.deep.equal([]);
          expect(fault?.key).to.equal('Graph:BaseUrl');
          expect(fault?.problem).to.contain(other).and.contain(host);
          expect(fault?.fix).to.contain(graphHosts[0]);
        }
      });

      it(`have the audience of token exchange that ends in "${audience ?? 'nothing known'}"`, () => {
        const expected =
          audience === undefined ? undefined : `api://AzureADTokenExchange${audience}`;
        expect(tokenExchangeAudience(new URL(`https://${host}/`))).to.equal(expected);
      });

      it('mean their Graph by a scope without a prefix', () => {
        for (const graph of graphHosts) {
          expect(resourceOf(`https://${graph}/User.Read`)).to.equal('');
        }
      });
    });
  }

  for (const [what, key, changes] of [
    [
      'scopes of another',
      'Graph:Scopes',
      { 'DownstreamApis:Graph:Scopes': 'https://graph.microsoft.us/User.Read' },
    ],
    [
      'scopes of another for a path',
      'Graph:Gateway:0:Scopes',
      {
        'DownstreamApis:Graph:Gateway': [
          {
            Methods: 'GET',
            Path: '/me',
            Scopes: 'https://microsoftgraph.chinacloudapi.cn/Mail.Read',
          },
        ],
      },
    ],
    [
      'scopes of another at sign-in',
      'Site:SignInScopes',
      { 'Site:SignInScopes': 'https://dod-graph.microsoft.us/User.Read' },
    ],
    [
      'another’s Graph with a dot at its end',
      'Graph:BaseUrl',
      { 'DownstreamApis:Graph:BaseUrl': 'https://graph.microsoft.us./v1.0' },
    ],
    [
      'the Graph of the cloud that was closed',
      'Graph:BaseUrl',
      { 'DownstreamApis:Graph:BaseUrl': 'https://graph.microsoft.de/v1.0' },
    ],
  ] as const) {
    it(`refuse ${what}, with the right host`, () => {
      const faults = faultsWith(changes);
      expect(faults.map((fault) => fault.key)).to.include(key);
      expect(faults.find((fault) => fault.key === key)?.fix).to.contain('graph.microsoft.com');
    });
  }

  it('refuse two Graphs of one cloud, whose tokens are not good for one another', () => {
    const changes = at('login.microsoftonline.us', 'https://graph.microsoft.us/v1.0', {
      'DownstreamApis:GraphDod': {
        BaseUrl: 'https://dod-graph.microsoft.us/v1.0',
        Scopes: 'User.Read',
      },
    });
    const faults = faultsWith(changes);
    expect(faults.map(({ key }) => key)).to.deep.equal(['GraphDod:BaseUrl']);
    expect(faults[0]?.problem).to.contain('Graph:BaseUrl names graph.microsoft.us');
  });

  it('refuse at External ID what the global cloud refuses', () => {
    const changes = { 'AzureAd:TenantId': undefined };
    const external = 'contoso.ciamlogin.com';
    expect(faultsWith({ ...at(external, 'https://graph.microsoft.com/v1.0'), ...changes })).to.be
      .empty;
    expect(
      faultsWith({ ...at(external, 'https://graph.microsoft.us/v1.0'), ...changes }),
    ).to.have.length(1);
  });

  it('refuse the same at External ID on a domain of its own', () => {
    const tenant = '0f9a6a5e-3b51-4f0e-9c57-1d1f6f0b7a11';
    const named = {
      'AzureAd:TenantId': undefined,
      'AzureAd:Authority': `https://login.contoso.com/${tenant}/v2.0`,
    };
    const byInstance = { ...at('login.contoso.com', ''), 'AzureAd:TenantId': tenant };
    for (const changes of [named, byInstance]) {
      const faultsAt = (host: string, scopes: string) =>
        faultsWith({
          ...changes,
          'DownstreamApis:Graph:BaseUrl': `https://${host}/v1.0`,
          'DownstreamApis:Graph:Scopes': scopes,
        });
      expect(faultsAt('graph.microsoft.com', 'https://graph.microsoft.com/User.Read')).to.be.empty;
      const china = 'https://microsoftgraph.chinacloudapi.cn/User.Read';
      const faults = faultsAt('graph.microsoft.us', china);
      expect(faults.map(({ key }) => key)).to.deep.equal(['Graph:BaseUrl', 'Graph:Scopes']);
      for (const { fix } of faults) expect(fix).to.contain('graph.microsoft.com');
    }
  });

  it('refuse another tenant’s data at External ID, which is of one', () => {
    const faults = faultsWith({
      ...at('contoso.ciamlogin.com', 'https://graph.microsoft.com/v1.0'),
      'AzureAd:TenantId': undefined,
      'DownstreamApis:Graph:AcquireTokenOptions': { Tenant: 'fabrikam.onmicrosoft.com' },
    });
    expect(faults.map(({ key }) => key)).to.deep.equal(['Graph:AcquireTokenOptions:Tenant']);
    expect(faults[0]?.problem).to.contain('External ID');
  });

  it('say nothing of APIs that are no Microsoft Graph, or of an instance that is no cloud', () => {
    expect(faultsWith(at('login.microsoftonline.us', 'https://todos.example'))).to.be.empty;
    expect(faultsWith(at('localhost:5001', 'https://graph.microsoft.us/v1.0'))).to.be.empty;
    const plain = { 'AzureAd:TenantId': undefined, 'AzureAd:Authority': 'https://id.example' };
    expect(faultsWith(plain)).to.be.empty;
  });

  it('have other names, which are told from their own', () => {
    expect(canonicalHost('login.windows.net')).to.equal('login.microsoftonline.com');
    expect(canonicalHost('login.microsoftonline.com')).to.equal(undefined);
    expect(cloudOf(new URL('https://login.windows.net/'))).to.equal(undefined);
    expect(cloudOf(new URL('https://login.microsoftonline.com.evil.example/'))).to.equal(undefined);
    const sandbox = new URL('http://127.0.0.1:5000/');
    expect(tokenExchangeAudience(sandbox)).to.equal('api://AzureADTokenExchange');
  });
});
