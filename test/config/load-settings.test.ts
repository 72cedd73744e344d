/** Loading as a whole: sources, defaults, the article's samples, all faults at once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigurationFaults } from '../../src/config/faults.ts';
import { examineSettings, loadSettings } from '../../src/config/load-settings.ts';
import {
  aKey,
  CLIENT_ID,
  faultsOf,
  faultsWith,
  fileWith,
  folderWith,
  goodEnv,
  load,
  loadWith,
} from './config-rig.ts';

/** As Microsoft's article has it, its comma missing and its placeholders not filled. */
const ARTICLE = `{
  "AzureAd": {
    "Instance": "https://login.microsoftonline.com/",
    "ClientId": "[Client_id-of-web-app-eg-2ec40e65-ba09-4853-bcde-bcb60029e596]",
    "TenantId": "common",

   // To call an API
   "ClientSecret": "[Copy the client secret added to the app from the Azure portal]"
   "ClientCertificates": [
  ]
 },
 "GraphBeta": {
    "BaseUrl": "https://graph.microsoft.com/beta",
    "Scopes": "user.read"
    }
}`;
const KEY_VAULT = `{
      "SourceType": "KeyVault",
      "KeyVaultUrl": "https://msidentitywebsamples.vault.azure.net",
      "KeyVaultCertificateName": "MicrosoftIdentitySamplesCert"
     }`;

function filled(article: string): string {
  return article
    .replace(/"\[Client_id[^"]*"/, `"${CLIENT_ID}"`)
    .replace(/"\[Copy[^"]*"/, '"a-secret",');
}

describe('loadSettings', () => {
  describe('with the samples of Microsoft’s article', () => {
    it('loads the web app that calls Graph, once comma and placeholders are filled', () => {
      const { settings } = load({ files: { 'appsettings.json': filled(ARTICLE) } });
      expect(settings.azureAd).to.deep.include({
        authority: {
          kind: 'entra',
          instance: new URL('https://login.microsoftonline.com/'),
          tenantId: 'common',
        },
        clientId: CLIENT_ID,
        credentials: [
          { sourceType: 'ClientSecret', key: 'AzureAd:ClientSecret', secret: 'a-secret' },
        ],
      });
      expect(settings.downstreamApis).to.have.length(1);
      expect(settings.downstreamApis[0]).to.deep.include({
        name: 'GraphBeta',
        baseUrl: new URL('https://graph.microsoft.com/beta'),
        scopes: ['user.read'],
        gateway: [],
        requestAppToken: false,
        hasPage: true,
      });
      expect(settings.site.signInScopes).to.deep.equal(['user.read']);
    });

    it('takes the API under DownstreamApis too', () => {
      const moved = filled(ARTICLE)
        .replace('"GraphBeta": {', '"DownstreamApis": { "GraphBeta": {')
        .replace(/}\s*$/, '} }');
      const { settings } = load({ files: { 'appsettings.json': moved } });
      expect(settings.downstreamApis.map(({ name }) => name)).to.deep.equal(['GraphBeta']);
    });

    it('names the line of the missing comma, and the placeholders in the same answer', () => {
      const faults = faultsOf(() => load({ files: { 'appsettings.json': ARTICLE } }));
      expect(faults.map(({ key }) => key)).to.deep.equal([
        'appsettings.json',
        'AzureAd:ClientId',
        'AzureAd:ClientSecret',
      ]);
      expect(faults[0]?.problem).to.contain('line 9, column 4').and.to.contain('comma');
      expect(faults[0]?.fix).to.equal('Add a comma at line 8, column 85.');
    });

    it('takes its Key Vault certificate', () => {
      const withVault = filled(ARTICLE).replace(/\[\s*\]/, `[ ${KEY_VAULT} ]`);
      const { settings } = load({ files: { 'appsettings.json': withVault } });
      expect(
        settings.azureAd.credentials.map(({ key, sourceType }) => [key, sourceType]),
      ).to.deep.equal([
        ['AzureAd:ClientCertificates:0', 'KeyVault'],
        ['AzureAd:ClientSecret', 'ClientSecret'],
      ]);
    });
  });

  it('has defaults for all that need not be said', () => {
    const { settings, warnings } = load({ env: goodEnv });
    expect(settings.site).to.deep.equal({
      publicUrl: new URL('http://localhost:4000'),
      port: 4000,
      trustProxy: false,
      signInScopes: ['User.Read'],
      hooks: undefined,
      metricsPort: undefined,
      secure: false,
    });
    expect(settings.azureAd).to.deep.include({
      responseMode: 'query',
      callbackPath: '/signin-oidc',
      signedOutCallbackPath: '/signout-callback-oidc',
      remoteSignOutPath: '/signout-oidc',
    });
    expect(settings.tokenCache).to.deep.equal({
      store: 'memory:',
      instanceName: 'concierge',
      schemaName: undefined,
      tableName: undefined,
      encryptionKeys: [Buffer.alloc(32, 1)],
      indexKey: Buffer.alloc(32, 2),
    });
    expect(settings.session).to.include({ idleMinutes: 60, absoluteHours: 12 });
    expect(warnings).to.deep.equal([]);
  });

  it('tells all faults at once, each with key, problem and fix', () => {
    const file = fileWith({
      'Site:Prot': 1,
      'AzureAd:ClientId': undefined,
      'AzureAd:TenantId': 'Enter_the_Tenant_Info_Here',
      'DownstreamApis:Graph:BaseUrl': 'http://graph.example',
      'TokenCache:IndexKey': 'c2hvcnQ=',
      'Session:IdleMinutes': 'soon',
    });
    const directory = folderWith({ 'appsettings.json': file });
    const faults = faultsOf(() => loadSettings({ env: {}, directory }));
    expect(faults.map(({ key }) => key)).to.have.members([
      'Site:Prot',
      'AzureAd:ClientId',
      'AzureAd:TenantId',
      'DownstreamApis:Graph:BaseUrl',
      'TokenCache:IndexKey',
      'Session:IdleMinutes',
    ]);
    expect(() => loadSettings({ env: {}, directory }))
      .to.throw(ConfigurationFaults)
      .with.property('message')
      .that.satisfies((message: string) =>
        faults.every(({ key, problem, fix }) =>
          message.includes(`${key} ${problem}.\n     ${fix}`),
        ),
      );
  });

  it('ignores sections of others', () => {
    const others = { Logging: { LogLevel: {} }, AllowedHosts: '*', ConnectionStrings: { a: 'b' } };
    expect(loadWith(others).warnings).to.deep.equal([]);
  });

  it('names the section that a misspelt one is nearest to', () => {
    for (const [written, meant] of [
      ['AzureAD2', 'AzureAd'],
      ['Azuread1', 'AzureAd'],
      ['Sites', 'Site'],
      ['TokenCahce', 'TokenCache'],
      ['Sesion', 'Session'],
      ['DownstreamApi', 'DownstreamApis'],
    ] as const) {
      const [fault, ...rest] = faultsWith({ [written]: { a: 1 } });
      expect(fault).to.deep.include({ key: written, fix: `Did you mean ${meant}?` });
      expect(rest).to.deep.equal([]);
    }
  });

  it('compares the names of sections and keys without regard to case', () => {
    const file = { azuread: { tenantid: 'common', CLIENTID: CLIENT_ID, clientSecret: 's' } };
    const { settings } = load({ files: { 'appsettings.json': JSON.stringify(file) } });
    expect(settings.azureAd.clientId).to.equal(CLIENT_ID);
  });

  it('refuses a section that is not an object', () => {
    expect(faultsWith({ Site: 'https://your.site' })[0]).to.deep.include({
      key: 'Site',
      problem: 'holds a text',
    });
    expect(faultsWith({ Session: [1] })[0]).to.deep.include({ problem: 'holds a list' });
  });

  describe('for keys that are absent', () => {
    const without = { 'TokenCache:EncryptionKeys': undefined, 'TokenCache:IndexKey': undefined };

    it('makes them on loopback, with a warning, and uses them again', () => {
      const directory = folderWith({ 'appsettings.json': fileWith(without) });
      const first = loadSettings({ env: {}, directory });
      const second = loadSettings({ env: {}, directory });
      expect(first.settings.tokenCache.indexKey).to.have.length(32);
      expect(first.settings.tokenCache.encryptionKeys[0]).not.to.deep.equal(
        first.settings.tokenCache.indexKey,
      );
      expect(second.settings.tokenCache).to.deep.equal(first.settings.tokenCache);
      expect(first.warnings.join()).to.contain('.local/keys.json').and.to.contain('IndexKey');
    });

    it('keeps those that are given', () => {
      const { settings, warnings } = loadWith({ 'TokenCache:IndexKey': undefined });
      expect(settings.tokenCache.encryptionKeys).to.deep.equal([Buffer.alloc(32, 1)]);
      expect(warnings.join()).not.to.contain('EncryptionKeys');
    });

    it('refuses to start off loopback, and says how to make them', () => {
      const faults = faultsWith({ ...without, 'Site:PublicUrl': 'https://your.site' });
      expect(faults.map(({ key }) => key)).to.deep.equal([
        'TokenCache:EncryptionKeys',
        'TokenCache:IndexKey',
      ]);
      expect(faults[0]?.fix).to.contain('openssl rand -base64 32');
    });

    it('takes an empty list or text as absent', () => {
      for (const empty of [[], '', null]) {
        const keys = { 'TokenCache:EncryptionKeys': empty, 'TokenCache:IndexKey': empty };
        expect(loadWith(keys).settings.tokenCache.encryptionKeys).to.have.length(1);
        expect(faultsWith({ ...keys, 'Site:PublicUrl': 'https://your.site' })).to.have.length(2);
      }
    });

    it('makes none for a site that cannot start', () => {
      const file = fileWith({ ...without, 'AzureAd:ClientId': undefined });
      const directory = folderWith({ 'appsettings.json': file });
      expect(faultsOf(() => loadSettings({ env: {}, directory }))).to.have.length(1);
      expect(() => readFileSync(join(directory, '.local/keys.json'))).to.throw('ENOENT');
    });
  });

  it('warns of a memory store off loopback', () => {
    const { warnings } = loadWith({
      'Site:PublicUrl': 'https://your.site',
      'Site:TrustProxy': true,
    });
    expect(warnings).to.deep.equal([
      'TokenCache:Store is memory: everyone is signed out when this process ends. Set it to a store that lasts, such as redis://….',
    ]);
  });

  it('warns of a proxy that is not believed', () => {
    const { warnings } = loadWith({
      'Site:PublicUrl': 'https://your.site',
      'TokenCache:Store': 'redis://127.0.0.1',
    });
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(/^Site:TrustProxy is off/);
  });

  it('takes keys of 32 bytes only as keys', () => {
    const { settings } = loadWith({ 'TokenCache:EncryptionKeys': [aKey(3), aKey(4)] });
    expect(settings.tokenCache.encryptionKeys).to.deep.equal([
      Buffer.alloc(32, 3),
      Buffer.alloc(32, 4),
    ]);
  });

  it('is examined with its faults as a part of the answer, and with what can be read besides', () => {
    const directory = folderWith({ 'appsettings.json': fileWith({ 'AzureAd:ClientId': 'x' }) });
    const examined = examineSettings({ env: {}, directory });
    expect(examined.settings).to.equal(undefined);
    expect(examined.faults.map(({ key }) => key)).to.deep.equal(['AzureAd:ClientId']);
    expect(examined.sections?.azureAd.authority).to.have.property('tenantId', 'common');
    expect(examined.sections?.downstreamApis).to.have.length(1);
    const unreadable = folderWith({ 'appsettings.json': '{ "Site": ' });
    const nothing = examineSettings({ env: {}, directory: unreadable });
    expect(nothing.sections).to.equal(undefined);
    expect(nothing.faults).not.to.be.empty;
    const good = examineSettings({ env: goodEnv, directory: folderWith({}) });
    expect(good.faults).to.deep.equal([]);
    expect(good.settings?.azureAd.clientId).to.equal(CLIENT_ID);
  });
});
