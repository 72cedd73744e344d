/** The credential: a secret or a certificate in PEM, and what is wrong with each. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { aCertificate, PASSWORD } from './a-certificate.ts';
import { faultsWith, loadWith } from './config-rig.ts';

const DAY_MS = 24 * 3_600_000;

describe('The client credential', () => {
  const good = aCertificate();
  const other = aCertificate();
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
  };
  const path = (file: string) => ({ SourceType: 'Path', CertificateDiskPath: file });
  const using = (...credentials: unknown[]) => ({
    'AzureAd:ClientSecret': undefined,
    'AzureAd:ClientCredentials': credentials,
  });
  const loadUsing = (...credentials: unknown[]) => loadWith(using(...credentials), { files });

  function expectGood(credential: unknown) {
    const { settings } = loadUsing(credential);
    const { credential: read } = settings.azureAd;
    if (read.type !== 'certificate') throw new Error('not a certificate');
    const leaf = new X509Certificate(read.certificate);
    expect(leaf.fingerprint256).to.equal(new X509Certificate(good.certificate).fingerprint256);
    expect(leaf.checkPrivateKey(createPrivateKey(read.privateKey))).to.equal(true);
    return read;
  }

  it('can be one PEM file with certificate and key', () => {
    expect(expectGood(path('both.pem')).sendX5c).to.equal(false);
  });

  it('can have its key in a file of its own', () => {
    expectGood({ ...path('cert.pem'), PrivateKeyDiskPath: 'key.pem' });
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

  it('has the certificate of the key first, wherever it stands in the file', () => {
    expect(expectGood(path('chain.pem')).certificate.match(/BEGIN/g)).to.have.length(2);
  });

  it('can be a secret among the credentials', () => {
    const { settings } = loadUsing({ SourceType: 'ClientSecret', ClientSecret: 's' });
    expect(settings.azureAd.credential).to.deep.equal({ type: 'secret', secret: 's' });
  });

  it('can come from the older ClientCertificates, with SendX5C', () => {
    const changes = {
      'AzureAd:ClientSecret': undefined,
      'AzureAd:ClientCertificates': [path('both.pem')],
      'AzureAd:SendX5C': true,
    };
    expect(loadWith(changes, { files }).settings.azureAd.credential).to.deep.include({
      type: 'certificate',
      sendX5c: true,
    });
  });

  it('is the first of the usable ones, and a warning names the other', () => {
    const { settings, warnings } = loadWith(
      { 'AzureAd:ClientCertificates': [path('both.pem')] },
      { files },
    );
    expect(settings.azureAd.credential.type).to.equal('certificate');
    expect(warnings).to.deep.equal([
      'AzureAd:ClientSecret is not used, because AzureAd:ClientCertificates:0 is.',
    ]);
  });

  it('is not an entry to be skipped', () => {
    const skipped = { ...path('nowhere.pem'), Skip: true };
    expect(loadUsing(skipped, path('both.pem')).warnings).to.deep.equal([]);
    expect(faultsWith(using(skipped), { files })[0]?.key).to.equal('AzureAd:ClientSecret');
  });

  it('passes over a certificate out of its time, with a warning, if another is usable', () => {
    const changes = { 'AzureAd:ClientCredentials': [path('both.pem')] };
    for (const [days, text] of [
      [31, 'expired on'],
      [-2, 'is not valid before'],
    ] as const) {
      const { settings, warnings } = loadWith(changes, {
        files,
        now: () => Date.now() + days * DAY_MS,
      });
      expect(settings.azureAd.credential.type).to.equal('secret');
      expect(warnings.join()).to.contain(`AzureAd:ClientCredentials:0 ${text}`);
    }
  });

  it('is refused out of its time, if there is no other', () => {
    for (const [days, text] of [
      [31, 'expired on'],
      [-2, 'is not valid before'],
    ] as const) {
      const now = () => Date.now() + days * DAY_MS;
      const [fault] = faultsWith(using(path('both.pem')), { files, now });
      expect(fault?.problem).to.contain(text);
    }
  });

  it('is warned of when it expires within 14 days', () => {
    const now = () => Date.now() + 20 * DAY_MS;
    const { warnings } = loadWith(using(path('both.pem')), { files, now });
    expect(warnings.join()).to.contain('AzureAd:ClientCredentials:0 expires on');
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
      ['as a PFX file', path('both.pfx'), 'CertificateDiskPath', 'PFX'],
      ['as a PFX file, be it there or not', path('no.pfx'), 'CertificateDiskPath', 'PFX'],
      ['as a PFX file by another name', path('pfx.pem'), 'CertificateDiskPath', 'PFX or DER'],
      ['from an empty file', path('empty.pem'), 'CertificateDiskPath', 'no certificate in PEM'],
      ['without a certificate', path('key.pem'), 'CertificateDiskPath', 'no certificate in PEM'],
      ['without a key', path('cert.pem'), 'CertificateDiskPath', 'no private key in PEM'],
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
        'as a PFX in base64',
        { SourceType: 'Base64Encoded', Base64EncodedValue: good.pfx.toString('base64') },
        'Base64EncodedValue',
        'PFX or DER',
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
      ...['KeyVault', 'Certificate', 'StoreWithThumbprint', 'StoreWithDistinguishedName'],
      ...['SignedAssertionFromManagedIdentity', 'SignedAssertionFilePath', 'AutoDecryptKeys'],
      ...['SignedAssertionFromVault', 'CustomSignedAssertion', 'ManagedCertificate'],
      'StoreWithSubjectName',
    ]) {
      it(`from ${source}, by name`, () => {
        const faults = faultsWith(using({ SourceType: source, KeyVaultUrl: 'x' }), { files });
        expect(faults.map(({ key }) => key)).to.deep.equal([
          'AzureAd:ClientCredentials:0:SourceType',
        ]);
        expect(faults[0]?.problem).to.contain(source);
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

    it('as something that is no list of objects', () => {
      expect(faultsWith(using('x'))[0]).to.deep.include({
        key: 'AzureAd:ClientCredentials:0',
        problem: 'holds a text',
      });
      expect(faultsWith({ 'AzureAd:ClientCredentials': 'x' })[0]?.problem).to.equal('holds a text');
    });
  });
});
