/** Secrets: neither the settings shown, nor any fault or warning, holds one. */
import { expect } from 'chai';
import { ConfigurationFaults } from '../../src/config/faults.ts';
import { redactSettings } from '../../src/config/redact-settings.ts';
import { aCertificate, PASSWORD } from './a-certificate.ts';
import { aKey, CLIENT_ID, goodEnv, load, loadWith } from './config-rig.ts';

const CANARY = 'canary7Q~x';

describe('redactSettings', () => {
  it('shows the effective settings in the file’s names', () => {
    const Gateway = [{ Methods: 'GET', Path: '/me' }];
    const { settings } = loadWith({ 'DownstreamApis:Graph:Gateway': Gateway });
    const Scopes = ['User.Read'];
    expect(redactSettings(settings)).to.deep.equal({
      Site: {
        PublicUrl: 'http://localhost:4000',
        Port: 4000,
        TrustProxy: false,
        SignInScopes: Scopes,
      },
      AzureAd: {
        Instance: 'https://login.microsoftonline.com/',
        TenantId: 'common',
        ClientId: CLIENT_ID,
        ClientSecret: '***',
        ClientCapabilities: [],
        ResponseMode: 'query',
        CallbackPath: '/signin-oidc',
        SignedOutCallbackPath: '/signout-callback-oidc',
        RemoteSignOutPath: '/signout-oidc',
        BackChannelLogoutPath: '/backchannel-logout',
        AdminConsentCallbackPath: '/admin-consent-callback',
      },
      DownstreamApis: {
        Graph: {
          BaseUrl: 'https://graph.microsoft.com/v1.0',
          RelativePath: '',
          Scopes,
          RedirectHosts: [],
          Gateway: [{ Methods: ['GET'], Path: '/me', Scopes }],
          ...{ RequestAppToken: false, Page: true, HttpMethod: 'GET' },
          ...{ ExtraHeaderParameters: {}, ExtraQueryParameters: {} },
          AcquireTokenOptions: { ForceRefresh: false },
          ...{ TimeoutSeconds: 20, ResponseTimeoutSeconds: 15 },
          ...{ MaxRetries: 2, MaxConcurrentCalls: 200 },
        },
      },
      TokenCache: {
        Store: 'memory:',
        InstanceName: 'concierge',
        EncryptionKeys: ['***'],
        IndexKey: '***',
      },
      Session: {
        ...{ IdleMinutes: 60, AbsoluteHours: 12, UseTokenLifetime: false },
        ...{ SignOutEverywhere: false, RevokeSignInSessions: false },
      },
    });
  });

  it('hides the secret, the keys and the store’s password', () => {
    const { settings, warnings } = loadWith({
      'AzureAd:ClientSecret': CANARY,
      'TokenCache:Store': `redis://me:${CANARY}@127.0.0.1:6379/2?password=${CANARY}`,
      'TokenCache:EncryptionKeys': [aKey(3), aKey(4)],
      'TokenCache:IndexKey': aKey(5),
    });
    const shown = JSON.stringify([redactSettings(settings), warnings]);
    for (const secret of [CANARY, aKey(3), aKey(4), aKey(5)]) expect(shown).not.to.contain(secret);
    expect(redactSettings(settings)['TokenCache']).to.deep.include({
      Store: 'redis://me:***@127.0.0.1:6379/2?***',
      EncryptionKeys: ['***', '***'],
    });
  });

  it('hides a database’s password, and shows where the records are', () => {
    const { settings } = loadWith({
      'TokenCache:Store': `postgres://me:${CANARY}@db.example:5433/app?password=${CANARY}`,
      'TokenCache:SchemaName': 'web',
      'TokenCache:TableName': 'tokens',
    });
    expect(redactSettings(settings)['TokenCache']).to.deep.include({
      Store: 'postgres://me:***@db.example:5433/app?***',
      SchemaName: 'web',
      TableName: 'tokens',
    });
    const mysql = loadWith({ 'TokenCache:Store': `mysql://me:${CANARY}@db.example/app` });
    expect(JSON.stringify(redactSettings(mysql.settings))).not.to.contain(CANARY);
  });

  it('hides the credentials of every other store', () => {
    for (const [store, shown] of [
      [`etcd://me:${CANARY}@127.0.0.1:2379`, 'etcd://me:***@127.0.0.1:2379'],
      [`memcached://me:${CANARY}@cache.example`, 'memcached://me:***@cache.example'],
      [`mongodb://me:${CANARY}@a:1,b:2/db?x=${CANARY}`, 'mongodb://***@a:1,b:2/db?***'],
      [`rediss-cluster://me:${CANARY}@a:1,b:2`, 'rediss-cluster://***@a:1,b:2'],
      [`redis-sentinel://:${CANARY}@a,b/p/1?x=${CANARY}`, 'redis-sentinel://***@a,b/p/1?***'],
      [`valkey://me:${CANARY}@a:1/2`, 'valkey://me:***@a:1/2'],
      [`mongodb://me:1/${CANARY}@a/db`, 'mongodb://***@a/db'],
      [`mongodb+srv://me:${CANARY}@db.example`, 'mongodb+srv://***@db.example'],
    ] as const) {
      const { settings } = loadWith({ 'TokenCache:Store': store });
      expect(redactSettings(settings)['TokenCache']).to.deep.include({ Store: shown });
    }
  });

  it('shows a certificate, and neither its key nor its password', () => {
    const { encryptedKey, certificate } = aCertificate();
    const { settings } = loadWith({
      'AzureAd:ClientSecret': undefined,
      'AzureAd:ClientCredentials': [
        {
          SourceType: 'Base64Encoded',
          Base64EncodedValue: `${encryptedKey}${certificate}`,
          CertificatePassword: PASSWORD,
        },
      ],
    });
    const shown = JSON.stringify(redactSettings(settings));
    expect(shown).to.contain('CN=Concierge').and.to.contain('"PrivateKey":"***"');
    expect(shown).not.to.contain(PASSWORD).and.not.to.contain('BEGIN');
  });

  it('hides what an API’s headers and parameters hold', () => {
    const { settings } = loadWith({
      'DownstreamApis:Graph:ExtraHeaderParameters': { 'Api-Key': CANARY },
      'DownstreamApis:Graph:ExtraQueryParameters': { code: CANARY },
    });
    const text = JSON.stringify(redactSettings(settings));
    expect(text).to.include('"Api-Key":"***"').and.include('"code":"***"').and.not.include(CANARY);
  });

  it('shows the file of a store as it is written', () => {
    const { settings } = loadWith({ 'TokenCache:Store': 'sqlite:/data/../my tokens.db' });
    expect(redactSettings(settings)['TokenCache']).to.deep.include({
      Store: 'sqlite:/data/../my tokens.db',
    });
  });

  it('shows the tenants that are allowed and denied', () => {
    const allowed = ['5d3a1b0e-7c41-4e5b-9a57-0f1c8a2e6b01'];
    const denied = ['8e6f2c94-1d7b-4f0a-b3c8-61d5e9a07f02'];
    const lists = { 'AzureAd:AllowedTenants': allowed, 'AzureAd:DeniedTenants': denied };
    const { AzureAd } = redactSettings(loadWith(lists).settings);
    expect(AzureAd).to.deep.include({ AllowedTenants: allowed, DeniedTenants: denied });
  });

  it('shows an issuer', () => {
    const { settings } = loadWith({
      'AzureAd:TenantId': undefined,
      'AzureAd:Authority': 'https://id.example/realm',
    });
    expect(redactSettings(settings)['AzureAd']).to.deep.include({
      Authority: 'https://id.example/realm',
    });
  });
});

describe('Faults and warnings', () => {
  const faulty: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'a secret at fault': { AzureAd__ClientSecret: `[${CANARY}]` },
    'a secret under a misspelt key': { AzureAd__ClientSecert: CANARY },
    'a secret where a list belongs': { AzureAd__ClientCredentials: CANARY },
    'a secret where the ID belongs': { AzureAd__ClientId: CANARY },
    'a secret where the tenant belongs': { AzureAd__TenantId: CANARY },
    'a list where the secret belongs': { AzureAd__ClientSecret__0: CANARY },
    'a key at fault': { TokenCache__IndexKey: CANARY, TokenCache__EncryptionKeys__0: CANARY },
    'a key of a wrong length': { TokenCache__IndexKey: Buffer.from(CANARY).toString('base64') },
    'a store at fault': { TokenCache__Store: `oracle://me:${CANARY}@host` },
    'a database without a host': { TokenCache__Store: `postgres://me:${CANARY}@/db` },
    'a store without a scheme': { TokenCache__Store: `me:${CANARY}@host` },
    'a public URL with a password': { Site__PublicUrl: `https://me:${CANARY}@host` },
    'an API with a password': { DownstreamApis__Graph__BaseUrl: `https://me:${CANARY}@host` },
    'an API with a key in its query': { DownstreamApis__Graph__BaseUrl: `https://h?k=${CANARY}` },
    'a variable that is nearly ours': { AzureAd_ClientSecret: CANARY, Site__Port: 'x' },
    'an unknown source with a secret': {
      AzureAd__ClientCredentials__0__SourceType: 'KeyVault',
      AzureAd__ClientCredentials__0__ClientSecret: CANARY,
    },
    'a wrong PEM': {
      AzureAd__ClientSecret: '',
      AzureAd__ClientCredentials__0__SourceType: 'Base64Encoded',
      AzureAd__ClientCredentials__0__Base64EncodedValue: `-----BEGIN ${CANARY}`,
      AzureAd__ClientCredentials__0__CertificatePassword: CANARY,
    },
  };

  for (const [what, env] of Object.entries(faulty)) {
    it(`show nothing of ${what}`, () => {
      expect(() => load({ env: { ...goodEnv, ...env } }))
        .to.throw(ConfigurationFaults)
        .with.property('message')
        .that.does.not.contain(CANARY)
        .and.does.not.contain(Buffer.from(CANARY).toString('base64'));
    });
  }

  it('show nothing of a wrong PEM that is passed over', () => {
    const { warnings } = load({
      env: {
        ...goodEnv,
        AzureAd__ClientCredentials__0__SourceType: 'Base64Encoded',
        AzureAd__ClientCredentials__0__Base64EncodedValue: `-----BEGIN ${CANARY}`,
      },
    });
    expect(warnings.join()).to.contain('passed over').and.not.contain(CANARY);
  });

  it('show nothing of a file that is not JSON', () => {
    const json = `{ "AzureAd": { "ClientSecret": "${CANARY} } }`;
    expect(() => load({ files: { 'appsettings.json': json } }))
      .to.throw(ConfigurationFaults)
      .with.property('message')
      .that.does.not.contain(CANARY);
  });
});
