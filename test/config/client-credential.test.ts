/** The credentials as they are written: each source, and what is wrong with each. */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'chai';
import { readCertificateFiles } from '../../src/certificates/certificate-files.ts';
import { CertificateProblem } from '../../src/certificates/certificate-problem.ts';
import { readCertificate } from '../../src/certificates/read-certificate.ts';
import { SOURCE_KEYS } from '../../src/config/source-keys.ts';
import { aCertificate, PASSWORD, PASSWORD_BEYOND_ASCII } from './a-certificate.ts';
import { faultsWith, loadWith } from './config-rig.ts';

const DAY_MS = 24 * 3_600_000;
const IDENTITY = '0f9a6a5e-3b51-4f0e-9c57-1d1f6f0b7a11';

describe('The client credential', () => {
  const good = aCertificate();
  const other = aCertificate();
  const soon = aCertificate(['rsa:2048'], 29);
  const both = `${good.privateKey}${good.certificate}`;
  const files = {
    'both.pem': both,
    'cert.pem': good.certificate,
    'key.pem': good.privateKey,
    'encrypted.pem': `${good.encryptedKey}${good.certificate}`,
    'other-key.pem': other.privateKey,
    'chain.pem': `${other.certificate}${both}`,
    'broken-cert.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    'broken-key.pem': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    'both.pfx': good.pfx,
    'pfx.pem': good.pfx,
    'empty.pem': '',
    'soon.pem': `${soon.privateKey}${soon.certificate}`,
    'no-key.pfx': good.pfxWithoutKey,
    'locked.pfx': good.lockedPfx,
    'older.pfx': good.olderPfx,
    'cut.pfx': good.pfx.subarray(0, 900),
    token: 'a.b.c',
  };
  const path = (file: string) => ({ SourceType: 'Path', CertificateDiskPath: file });
  const using = (...credentials: unknown[]) => ({
    'AzureAd:ClientSecret': undefined,
    'AzureAd:ClientCredentials': credentials,
  });
  const loadUsing = (...credentials: unknown[]) => loadWith(using(...credentials), { files });

  function expectGood(credential: unknown) {
    const { credentials } = loadUsing(credential).settings.azureAd;
    const [read] = credentials;
    if (read?.sourceType !== 'Path' && read?.sourceType !== 'Base64Encoded') {
      throw new Error('not a certificate');
    }
    const opened =
      read.sourceType === 'Path'
        ? readCertificateFiles(read)
        : readCertificate({ certificate: read.bytes, password: read.password });
    if (opened instanceof CertificateProblem) throw new Error(opened.problem);
    const leaf = new X509Certificate(opened.certificate.chain[0] ?? '');
    expect(leaf.fingerprint256).to.equal(new X509Certificate(good.certificate).fingerprint256);
    expect(leaf.checkPrivateKey(opened.privateKey)).to.equal(true);
    return { ...read, chain: opened.certificate.chain };
  }

  it('can be one PEM file with certificate and key', () => {
    expect(expectGood(path('both.pem')).sendX5c).to.equal(false);
  });

  it('can have its key in a file of its own', () => {
    expectGood({ ...path('cert.pem'), PrivateKeyDiskPath: 'key.pem' });
  });

  it('can be a PFX of the older or the newer kind, with a password or without', () => {
    expectGood(path('both.pfx'));
    expectGood(path('pfx.pem'));
    for (const file of ['locked.pfx', 'older.pfx']) {
      expectGood({ ...path(file), CertificatePassword: PASSWORD_BEYOND_ASCII });
    }
    expectGood({ SourceType: 'Base64Encoded', Base64EncodedValue: good.pfx.toString('base64') });
  });

  it('can have a password that begins or ends in spaces, or looks like a sample’s', () => {
    for (const CertificatePassword of ['secret ', ' secret', ' ', '<secret>', '...']) {
      const pfx = good.pfxUnder(CertificatePassword);
      const Base64EncodedValue = pfx.toString('base64');
      expectGood({ SourceType: 'Base64Encoded', Base64EncodedValue, CertificatePassword });
      const { settings } = loadWith(using({ ...path('under.pfx'), CertificatePassword }), {
        files: { 'under.pfx': pfx },
      });
      expect(settings.azureAd.credentials[0]).to.have.property('password', CertificatePassword);
    }
    for (const CertificatePassword of ['', null]) {
      expectGood({ ...path('both.pfx'), CertificatePassword });
    }
    const [fault] = faultsWith(using({ ...path('both.pfx'), CertificatePassword: 1234 }), {
      files,
    });
    expect(fault).to.deep.include({ problem: 'holds a number', fix: 'Write a text.' });
  });

  it('can have a key with a password', () => {
    expectGood({ ...path('encrypted.pem'), CertificatePassword: PASSWORD });
  });

  it('can be PEM in place, in base64, or in one line', () => {
    const inline = (value: string) => ({ SourceType: 'base64encoded', Base64EncodedValue: value });
    expectGood(inline(both));
    expectGood(inline(Buffer.from(both).toString('base64')));
    expectGood(inline(both.replaceAll('\n', '\\n')));
  });

  it('has the certificate of the key first, and none that is no part of its chain', () => {
    expect(expectGood(path('chain.pem')).chain).to.have.length(1);
  });

  for (const [what, key] of [
    ['certificate', 'CertificateDiskPath'],
    ['key', 'PrivateKeyDiskPath'],
  ] as const) {
    it(`is refused where the ${what} itself stands in the place of its path, and is not repeated`, () => {
      const written = { ...path('both.pem'), [key]: both };
      const faults = faultsWith(using(written), { files });
      expect(faults.map((fault) => fault.key)).to.deep.equal([
        `AzureAd:ClientCredentials:0:${key}`,
      ]);
      expect(JSON.stringify(faults)).to.not.contain('BEGIN');
    });
  }

  it('is refused where a token itself stands in the place of its path, and is not repeated', () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjF9.c2ln';
    for (const text of [token, `"${token}"`, `Bearer ${token}`, 'x'.repeat(300)]) {
      const written = { SourceType: 'SignedAssertionFilePath', SignedAssertionFileDiskPath: text };
      const faults = faultsWith(using(written), { files });
      expect(faults[0]?.key).to.match(/SignedAssertionFileDiskPath$/);
      expect(JSON.stringify(faults)).to.not.contain('eyJ').and.not.contain('xxx');
    }
  });

  it('is called by the index that is written, though some are left out', () => {
    const env = {
      AzureAd__ClientCredentials__3__SourceType: 'ClientSecret',
      AzureAd__ClientCredentials__3__ClientSecret: 's',
    };
    const { settings } = loadWith({}, { env });
    expect(settings.azureAd.credentials[0]?.key).to.equal('AzureAd:ClientCredentials:3');
  });

  it('can be a secret among the credentials', () => {
    const { settings } = loadUsing({ SourceType: 'ClientSecret', ClientSecret: 's' });
    expect(settings.azureAd.credentials).to.deep.equal([
      { sourceType: 'ClientSecret', key: 'AzureAd:ClientCredentials:0', secret: 's' },
    ]);
  });

  it('can come from the older ClientCertificates, with SendX5C', () => {
    const changes = {
      'AzureAd:ClientSecret': undefined,
      'AzureAd:ClientCertificates': [path('both.pem')],
      'AzureAd:SendX5C': true,
    };
    expect(loadWith(changes, { files }).settings.azureAd.credentials[0]).to.deep.include({
      sourceType: 'Path',
      key: 'AzureAd:ClientCertificates:0',
      sendX5c: true,
    });
  });

  it('is one of several, in the order in which they are tried', () => {
    const { settings, warnings } = loadWith(
      {
        'AzureAd:ClientCertificates': [path('both.pem')],
        'AzureAd:ClientCredentials': [{ SourceType: 'ClientSecret', ClientSecret: 's' }],
      },
      { files },
    );
    expect(settings.azureAd.credentials.map(({ key }) => key)).to.deep.equal([
      ...['AzureAd:ClientCredentials:0', 'AzureAd:ClientCertificates:0', 'AzureAd:ClientSecret'],
    ]);
    expect(warnings.join()).to.not.contain('Client');
  });

  it('may be broken where another can take its place: that is a warning', () => {
    for (const broken of [path('no.pem'), path('cert.pem')]) {
      const changes = { 'AzureAd:ClientCredentials': [broken] };
      const { settings, warnings } = loadWith(changes, { files });
      expect(settings.azureAd.credentials).to.have.length(2);
      expect(warnings.join()).to.match(/ClientCredentials:0:CertificateDiskPath .*passed over/);
    }
  });

  it('may not be written wrongly, though another can take its place', () => {
    const changes = { 'AzureAd:ClientCredentials': [{ SourceType: 'Path' }] };
    expect(faultsWith(changes, { files })[0]?.key).to.match(/CertificateDiskPath$/);
  });

  it('is not an entry to be skipped', () => {
    const skipped = { ...path('nowhere.pem'), Skip: true };
    expect(loadUsing(skipped, path('both.pem')).warnings).to.deep.equal([]);
    expect(faultsWith(using(skipped), { files })[0]?.key).to.equal('AzureAd:ClientSecret');
  });

  it('passes over a certificate out of its time, with a warning, if another is usable', () => {
    const changes = { 'AzureAd:ClientCredentials': [path('both.pem')] };
    for (const [days, text] of [
      [61, 'expired on'],
      [-2, 'is not valid before'],
    ] as const) {
      const { settings, warnings } = loadWith(changes, {
        files,
        now: () => Date.now() + days * DAY_MS,
      });
      expect(settings.azureAd.credentials).to.have.length(2);
      expect(warnings.join()).to.contain(`AzureAd:ClientCredentials:0 ${text}`);
    }
  });

  it('is refused out of its time, if there is no other', () => {
    for (const [days, text] of [
      [61, 'expired on'],
      [-2, 'is not valid before'],
    ] as const) {
      const now = () => Date.now() + days * DAY_MS;
      const [fault] = faultsWith(using(path('both.pem')), { files, now });
      expect(fault?.problem).to.contain(text);
    }
  });

  it('can be a certificate of a vault, with its key or used there', () => {
    for (const sourceType of ['KeyVault', 'SignedAssertionFromVault'] as const) {
      const written = {
        ...{ SourceType: sourceType.toUpperCase(), KeyVaultUrl: 'https://a.vault.azure.net' },
        ...{ KeyVaultCertificateName: 'site', ManagedIdentityClientId: IDENTITY },
      };
      const [credential] = loadUsing(written).settings.azureAd.credentials;
      expect(credential).to.deep.equal({
        ...{ sourceType, key: 'AzureAd:ClientCredentials:0', certificateName: 'site' },
        ...{ vaultUrl: new URL('https://a.vault.azure.net/'), sendX5c: false },
        managedIdentityClientId: IDENTITY,
        authorityHost: 'https://login.microsoftonline.com',
      });
    }
  });

  it('of a vault is asked for by way of the site’s own cloud, unless the environment says else', () => {
    const written = { SourceType: 'KeyVault', KeyVaultCertificateName: 'site' };
    const hostFor = (KeyVaultUrl: string, AzureAd: Record<string, string>, env = {}) => {
      const changes = {
        ...using({ ...written, KeyVaultUrl }),
        ...Object.fromEntries(Object.entries(AzureAd).map(([key, at]) => [`AzureAd:${key}`, at])),
        'DownstreamApis:Graph:BaseUrl': 'https://api.example/',
        'DownstreamApis:Graph:Scopes': 'api://other/read',
      };
      const [credential] = loadWith(changes, { files, env }).settings.azureAd.credentials;
      if (credential?.sourceType !== 'KeyVault') throw new Error('not a vault');
      expect(credential.vaultUrl.href).to.equal(KeyVaultUrl);
      return credential.authorityHost;
    };
    for (const [host, vault] of [
      ['login.microsoftonline.us', 'https://a.vault.usgovcloudapi.net/'],
      ['login.partner.microsoftonline.cn', 'https://a.vault.azure.cn/'],
    ] as const) {
      const at = { Instance: `https://${host}/` };
      expect(hostFor(vault, at)).to.equal(`https://${host}`);
      expect(hostFor(vault, at, { AZURE_AUTHORITY_HOST: '' })).to.equal(`https://${host}`);
      const env = { AZURE_AUTHORITY_HOST: 'https://login.example' };
      expect(hostFor(vault, at, env)).to.equal(undefined);
    }
    const vault = 'https://a.vault.azure.net/';
    const external = { Instance: 'https://login.contoso.com/', TenantId: IDENTITY };
    expect(hostFor(vault, external)).to.equal('https://login.microsoftonline.com');
    expect(hostFor(vault, { Instance: 'http://localhost:4100/' })).to.equal(undefined);
  });

  it('can be a token in a file, which the platform may name', () => {
    const load = (change: object, env = {}) =>
      loadWith(using({ SourceType: 'SignedAssertionFilePath', ...change }), { files, env });
    const byName = load({ SignedAssertionFileDiskPath: 'token' }).settings.azureAd.credentials[0];
    expect(byName)
      .to.have.property('file')
      .that.match(/\/token$/);
    const here = join(import.meta.dirname, 'client-credential.test.ts');
    for (const name of ['AZURE_FEDERATED_TOKEN_FILE', 'AZURE_ACCESS_TOKEN_FILE']) {
      const [named] = load({}, { [name]: here }).settings.azureAd.credentials;
      expect(named).to.have.property('file', here);
    }
  });

  it('can be a managed identity, whose tokens are asked for the cloud’s own audience', () => {
    for (const [instance, audience] of [
      ['https://login.microsoftonline.com/', 'api://AzureADTokenExchange'],
      ['https://login.microsoftonline.us/', 'api://AzureADTokenExchangeUSGov'],
      ['https://login.partner.microsoftonline.cn/', 'api://AzureADTokenExchangeChina'],
    ]) {
      const changes = {
        ...using({ SourceType: 'SignedAssertionFromManagedIdentity' }),
        'AzureAd:Instance': instance,
        'DownstreamApis:Graph:BaseUrl': 'https://api.example/',
        'DownstreamApis:Graph:Scopes': 'api://other/read',
      };
      const [credential] = loadWith(changes, { files }).settings.azureAd.credentials;
      expect(credential).to.have.property('audience', audience);
    }
    const own = { SourceType: 'SignedAssertionFromManagedIdentity', TokenExchangeUrl: 'api://own' };
    expect(loadUsing(own).settings.azureAd.credentials[0]).to.have.property(
      'audience',
      'api://own',
    );
  });

  it('is warned of keys that belong to other sources, and of none of its own', () => {
    const of = (key: string, sources: string) =>
      `AzureAd:ClientCredentials:0:${key} has no effect here: it belongs to SourceType ${sources}. ` +
      'Remove it, or correct the SourceType.';
    const foreign = {
      ClientSecret: 's',
      KeyVaultUrl: 'https://a.vault.azure.net/',
      TokenExchangeUrl: 'api://own',
      ManagedIdentityClientId: '',
    };
    expect(loadUsing({ ...path('both.pem'), ...foreign }).warnings).to.deep.equal([
      of('ClientSecret', 'ClientSecret'),
      of('KeyVaultUrl', 'KeyVault or SignedAssertionFromVault'),
      of('TokenExchangeUrl', 'SignedAssertionFromManagedIdentity'),
    ]);
    const values: Readonly<Record<string, unknown>> = {
      ...{ ...foreign, ManagedIdentityClientId: IDENTITY, KeyVaultCertificateName: 'site' },
      ...{ CertificateDiskPath: 'locked.pfx', CertificatePassword: PASSWORD_BEYOND_ASCII },
      Base64EncodedValue: good.lockedPfx.toString('base64'),
      ...{ SignedAssertionFileDiskPath: 'token', PrivateKeyDiskPath: undefined },
      ...{
        CustomSignedAssertionProviderName: 'token',
        CustomSignedAssertionProviderData: { a: 'b' },
      },
    };
    for (const [source, keys] of Object.entries(SOURCE_KEYS)) {
      const own = Object.fromEntries(keys.map((key) => [key, values[key]]));
      const { settings, warnings } = loadUsing({ SourceType: source.toLowerCase(), ...own });
      expect(settings.azureAd.credentials[0]?.sourceType).to.equal(source);
      expect(warnings, source).to.deep.equal([]);
      const all = loadUsing({ ...values, SourceType: source });
      const others = Object.keys(values).filter((key) => values[key] && !(key in own));
      expect(all.warnings, source).to.have.length(others.length);
    }
  });

  it('is warned of when it expires within 30 days', () => {
    const warningsOf = (file: string) => loadWith(using(path(file)), { files }).warnings.join();
    expect(warningsOf('soon.pem')).to.contain('AzureAd:ClientCredentials:0 expires on');
    expect(warningsOf('both.pem')).to.not.contain('expires on');
  });

  it('is warned of when the secret looks like the ID of a secret', () => {
    const { warnings } = loadWith({ 'AzureAd:ClientSecret': crypto.randomUUID() });
    expect(warnings.join()).to.contain('looks like the ID of a secret');
  });

  describe('is refused', () => {
    for (const [what, credential, key, problem] of [
      ['without a source', {}, 'SourceType', 'is missing'],
      ['from an unknown source', { SourceType: 'Pth' }, 'SourceType', 'not a source'],
      ['without a path', { SourceType: 'Path' }, 'CertificateDiskPath', 'is missing'],
      ['from a file that is not there', path('no.pem'), 'CertificateDiskPath', 'does not exist'],
      ['from a folder', path('.'), 'CertificateDiskPath', 'cannot be read (EISDIR)'],
      ['as a PFX without a key', path('no-key.pfx'), 'CertificateDiskPath', 'no private key'],
      ['as a PFX cut short', path('cut.pfx'), 'CertificateDiskPath', 'no PFX that can be read'],
      ['as a PFX without its password', path('locked.pfx'), 'CertificateDiskPath', 'a password'],
      [
        'as a PFX with a wrong password',
        { ...path('locked.pfx'), CertificatePassword: 'x' },
        'CertificateDiskPath',
        'another password',
      ],
      ['from an empty file', path('empty.pem'), 'CertificateDiskPath', 'no certificate'],
      ['without a certificate', path('key.pem'), 'CertificateDiskPath', 'no certificate'],
      ['without a key', path('cert.pem'), 'CertificateDiskPath', 'no private key'],
      [
        'with a broken certificate',
        path('broken-cert.pem'),
        'CertificateDiskPath',
        'cannot be read',
      ],
      [
        'with a broken key',
        { ...path('cert.pem'), PrivateKeyDiskPath: 'broken-key.pem' },
        'PrivateKeyDiskPath',
        'private key that cannot be read',
      ],
      [
        'with the key of another',
        { ...path('cert.pem'), PrivateKeyDiskPath: 'other-key.pem' },
        'PrivateKeyDiskPath',
        'not the certificate’s',
      ],
      ['without its password', path('encrypted.pem'), 'CertificateDiskPath', 'has a password'],
      [
        'with a wrong password',
        { ...path('encrypted.pem'), CertificatePassword: 'x' },
        'CertificateDiskPath',
        'another password',
      ],
      ['without content', { SourceType: 'Base64Encoded' }, 'Base64EncodedValue', 'is missing'],
      [
        'in base64 that is neither PFX nor PEM',
        { SourceType: 'Base64Encoded', Base64EncodedValue: 'AAAA' },
        'Base64EncodedValue',
        'no certificate',
      ],
      ['without a secret', { SourceType: 'ClientSecret' }, 'ClientSecret', 'is missing'],
      [
        'with a misspelt key',
        { ...path('both.pem'), PrivateKeyDiskPth: 'key.pem' },
        'PrivateKeyDiskPth',
        'is not a key',
      ],
    ] as const) {
      it(what, () => {
        const faults = faultsWith(using(credential), { files });
        expect(faults.map((fault) => fault.key)).to.deep.equal([
          `AzureAd:ClientCredentials:0:${key}`,
        ]);
        expect(faults[0]?.problem).to.contain(problem);
      });
    }

    for (const source of [
      ...['Certificate', 'StoreWithThumbprint', 'StoreWithDistinguishedName'],
      ...['AutoDecryptKeys', 'ManagedCertificate', 'StoreWithSubjectName'],
    ]) {
      it(`from ${source}, by name, with what to use instead`, () => {
        const faults = faultsWith(using({ SourceType: source, KeyVaultUrl: 'x' }), { files });
        expect(faults.map(({ key }) => key)).to.deep.equal([
          'AzureAd:ClientCredentials:0:SourceType',
        ]);
        expect(faults[0]?.problem).to.contain(source);
        expect(faults[0]?.fix).to.match(/^(Use|Export|Remove)/);
      });
    }

    for (const [what, key, problem] of [
      ['of 1024 bits', ['rsa:1024'], 'RSA key of 1024 bits'],
      ['that is not RSA', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], 'not RSA'],
    ] as const) {
      it(`with a key ${what}`, () => {
        const { privateKey, certificate } = aCertificate(key);
        const [fault] = faultsWith(using(path('weak.pem')), {
          files: { 'weak.pem': `${privateKey}${certificate}` },
        });
        expect(fault?.problem).to.contain(problem);
      });
    }

    const vault = { KeyVaultUrl: 'https://a.vault.azure.net/', KeyVaultCertificateName: 'site' };
    const identity = { SourceType: 'SignedAssertionFromManagedIdentity' };
    const custom = { SourceType: 'CustomSignedAssertion' };
    for (const [what, credential, key, problem] of [
      ['of a vault without address', { KeyVaultUrl: '' }, 'KeyVaultUrl', 'is missing'],
      ['of a vault on http', { KeyVaultUrl: 'http://localhost/' }, 'KeyVaultUrl', 'not https'],
      [
        'of a vault with a path',
        { KeyVaultUrl: 'https://a.vault.azure.net/certificates/x' },
        'KeyVaultUrl',
        'has a path',
      ],
      ['of a vault without name', { KeyVaultCertificateName: '' }, 'KeyVaultCertificateName', ''],
      [
        'of a vault by a name that is a path',
        { KeyVaultCertificateName: 'a/../b' },
        'KeyVaultCertificateName',
        'no name',
      ],
      [
        'of a vault asked by a name that is no GUID',
        { ManagedIdentityClientId: 'me' },
        'ManagedIdentityClientId',
        'not a GUID',
      ],
      [
        'by a managed identity that is no GUID',
        { ...identity, ManagedIdentityClientId: 'me' },
        'ManagedIdentityClientId',
        'not a GUID',
      ],
      [
        'by a file that nothing names',
        { SourceType: 'SignedAssertionFilePath' },
        'SignedAssertionFileDiskPath',
        'AZURE_FEDERATED_TOKEN_FILE',
      ],
      [
        'by a file that is not there',
        { SourceType: 'SignedAssertionFilePath', SignedAssertionFileDiskPath: 'nowhere' },
        'SignedAssertionFileDiskPath',
        'does not exist',
      ],
      ['by a module without name', custom, 'CustomSignedAssertionProviderName', 'is missing'],
      [
        'by a module that is not there',
        { ...custom, CustomSignedAssertionProviderName: './no.mjs' },
        'CustomSignedAssertionProviderName',
        'does not exist',
      ],
    ] as const) {
      it(what, () => {
        const faults = faultsWith(using({ SourceType: 'KeyVault', ...vault, ...credential }), {
          files,
        });
        const wanted = `AzureAd:ClientCredentials:0:${key}`;
        const found = faults.find((fault) => fault.key === wanted);
        expect(found?.problem).to.contain(problem);
      });
    }

    it('by a managed identity at an authority that is not Entra ID, without an audience', () => {
      const plain = {
        'AzureAd:TenantId': undefined,
        'AzureAd:Authority': 'https://issuer.example/',
        'AzureAd:ClientSecret': undefined,
        'AzureAd:ClientCredentials': [identity],
      };
      expect(faultsWith(plain)[0]?.key).to.match(/TokenExchangeUrl$/);
    });

    it('as something that is no list of objects', () => {
      expect(faultsWith(using('x'))[0]).to.deep.include({
        key: 'AzureAd:ClientCredentials:0',
        problem: 'holds a text',
      });
      expect(faultsWith({ 'AzureAd:ClientCredentials': 'x' })[0]?.problem).to.equal('holds a text');
    });
  });
});
