/** The vault, called by Microsoft's own libraries under its real name. */
import { execFileSync } from 'node:child_process';
import { constants, createHash, createPrivateKey, verify, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { demoApp } from '../../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../../scripts/sandbox/start-sandbox.ts';
import { type AzureClient, startAzureClient } from '../../support/azure-client.ts';
import {
  type CertificateAuthority,
  createAuthority,
  type IssuedCertificate,
} from '../../support/certificate-authority.ts';
import { aFolder } from '../../support/site-process.ts';
import { startVaultStand, type VaultStand } from '../../support/vault-stand.ts';
import { text } from '../test-client.ts';

const name = 'concierge-signing';
/** By another's hand, without a password. */
function openPfx(base64: string): string {
  const file = join(aFolder(), 'bundle.pfx');
  writeFileSync(file, Buffer.from(base64, 'base64'));
  const args = ['pkcs12', '-in', file, '-passin', 'pass:', '-nodes'];
  return execFileSync('openssl', args, { stdio: 'pipe' }).toString();
}

const derOf = (pem: string) => new X509Certificate(pem).raw.toString('base64');

describe('The sandbox’s Key Vault, for Microsoft’s own libraries,', () => {
  let sandbox: Sandbox;
  let stand: VaultStand;
  let azure: AzureClient;
  let root: CertificateAuthority;
  let middle: CertificateAuthority;
  let first: IssuedCertificate;
  let second: IssuedCertificate;
  let version: string;

  before(async () => {
    root = await createAuthority();
    middle = await root.createIntermediate('Test intermediate');
    [first, second] = await Promise.all([
      middle.issue({ commonName: 'first' }),
      middle.issue({ commonName: 'second' }),
    ]);
    sandbox = await startSandbox();
    stand = await startVaultStand(sandbox);
    azure = await startAzureClient(stand.environment);
  });
  after(async () => {
    await azure.close();
    await stand.close();
    await sandbox.close();
  });
  beforeEach(() => {
    stand.vault.controls.mendAll();
    version = stand.vault.controls.addVersion(name, { ...first, chain: [middle.certificate] });
  });

  const vaultUrl = 'https://concierge-test.vault.azure.net';
  const good = async (order: Parameters<AzureClient['run']>[0]) => {
    const { value = {}, failure } = await azure.run(order);
    expect(failure, JSON.stringify(failure)).to.equal(undefined);
    return value;
  };
  const statusOf = async (order: Parameters<AzureClient['run']>[0]) =>
    (await azure.run(order)).failure?.statusCode;
  const certificate = { kind: 'certificate', vaultUrl, name } as const;
  const secret = { kind: 'secret', vaultUrl, name } as const;
  const data = Buffer.from('what is signed');
  const digest = createHash('sha256').update(data).digest('base64');
  const sign = (algorithm: 'PS256' | 'RS256' | 'ES256', at = version) =>
    ({ kind: 'sign', keyId: `${vaultUrl}/keys/${name}/${at}`, algorithm, digest }) as const;

  it('gives the newest certificate, with the ids of its key and secret, and its validity', async () => {
    const { validFromDate, validToDate } = new X509Certificate(first.certificate);
    expect(await good(certificate)).to.deep.include({
      cer: derOf(first.certificate),
      keyId: `${vaultUrl}/keys/${name}/${version}`,
      secretId: `${vaultUrl}/secrets/${name}/${version}`,
      version,
      enabled: true,
      notBefore: validFromDate.toISOString(),
      expiresOn: validToDate.toISOString(),
      x509ThumbprintString: createHash('sha1')
        .update(new X509Certificate(first.certificate).raw)
        .digest('hex'),
    });
  });

  it('gives each version by its own name, the newest by none', async () => {
    const newer = stand.vault.controls.addVersion(name, second);
    expect(await good(certificate)).to.include({ cer: derOf(second.certificate), version: newer });
    const older = await good({ ...certificate, version });
    expect(older).to.include({ cer: derOf(first.certificate), version });
    expect(await good(secret)).to.include({ version: newer });
    expect(await good({ ...secret, version })).to.include({ version });
  });

  it('gives the key with the whole chain as PFX, which openssl opens without a password', async () => {
    const found = await good(secret);
    expect(found['contentType']).to.equal('application/x-pkcs12');
    const opened = openPfx(text(found, 'value'));
    const pems = opened.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    expect(pems.map(derOf)).to.have.members([first.certificate, middle.certificate].map(derOf));
    expect(createPrivateKey(opened).equals(first.key)).to.equal(true);
  });

  it('gives the same as PEM where that is its form', async () => {
    const contentType = 'application/x-pem-file' as const;
    const chain = [middle.certificate];
    stand.vault.controls.addVersion('as-pem', { ...second, chain, contentType });
    const found = await good({ ...secret, name: 'as-pem' });
    expect(found['contentType']).to.equal(contentType);
    const pem = text(found, 'value');
    expect(createPrivateKey(pem).equals(second.key)).to.equal(true);
    expect(new X509Certificate(pem).raw.toString('base64')).to.equal(derOf(second.certificate));
    expect(pem.match(/BEGIN CERTIFICATE/g)).to.have.length(2);
  });

  it('keeps a key that may not leave to itself, and signs with it all the same', async () => {
    const kept = { ...first, isExportable: false };
    const contentType = 'application/x-pem-file' as const;
    stand.vault.controls.addVersion('kept', { ...kept, contentType });
    expect(text(await good({ ...secret, name: 'kept' }), 'value')).not.to.contain('PRIVATE KEY');
    const newer = stand.vault.controls.addVersion('kept', kept);
    const opened = openPfx(text(await good({ ...secret, name: 'kept' }), 'value'));
    expect(opened).to.contain('BEGIN CERTIFICATE').and.not.to.contain('PRIVATE KEY');
    const keyId = `${vaultUrl}/keys/kept/${newer}`;
    const { signature } = await good({ kind: 'sign', keyId, algorithm: 'RS256', digest });
    const bytes = Buffer.from(String(signature), 'base64');
    expect(verify('sha256', data, first.certificate, bytes)).to.equal(true);
  });

  it('signs with PS256 and RS256 what the certificate verifies, and counts', async () => {
    const before = stand.vault.count('sign');
    const pss = {
      key: first.certificate,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    };
    for (const [algorithm, key] of [
      ['PS256', pss],
      ['RS256', first.certificate],
    ] as const) {
      const { signature } = await good(sign(algorithm));
      const bytes = Buffer.from(String(signature), 'base64');
      expect(verify('sha256', data, key, bytes), algorithm).to.equal(true);
    }
    expect(stand.vault.count('sign')).to.equal(before + 2);
    expect(stand.vault.calls.at(-1)).to.include({ operation: 'sign', name, version, status: 200 });
    expect(await statusOf(sign('ES256'))).to.equal(400);
  });

  it('signs an assertion that the sandbox’s token endpoint takes', async () => {
    sandbox.controls.register({ ...demoApp, secrets: [], certificates: [first.certificate] });
    const url = `${sandbox.url}contoso.example/oauth2/v2.0/token`;
    const now = Math.floor(Date.now() / 1000);
    const id = demoApp.clientId;
    const x5t = createHash('sha256').update(new X509Certificate(first.certificate).raw);
    const unsigned = [
      { alg: 'PS256', typ: 'JWT', 'x5t#S256': x5t.digest('base64url') },
      { aud: url, iss: id, sub: id, jti: 'one', nbf: now, exp: now + 600 },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const hash = createHash('sha256').update(unsigned).digest('base64');
    const { signature } = await good({ ...sign('PS256'), digest: hash });
    const response = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: id,
        grant_type: 'client_credentials',
        scope: 'https://graph.microsoft.com/.default',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: `${unsigned}.${Buffer.from(String(signature), 'base64').toString('base64url')}`,
      }),
    });
    expect(response.status, await response.text()).to.equal(200);
  });

  it('refuses what it does not have: 404', async () => {
    const { failure } = await azure.run({ ...certificate, name: 'none' });
    expect(failure).to.include({ statusCode: 404, code: 'CertificateNotFound' });
    const other = 'f'.repeat(32);
    expect(await statusOf({ ...secret, version: other })).to.equal(404);
    expect(await statusOf(sign('PS256', other))).to.equal(404);
  });

  it('shows a disabled version, but gives neither its secret nor a signature', async () => {
    stand.vault.controls.disable(name, version);
    expect(await good(certificate)).to.include({ enabled: false });
    const { failure } = await azure.run(secret);
    expect(failure).to.include({ statusCode: 403, code: 'Forbidden' });
    expect(failure?.message).to.contain('disabled secret');
    expect(await statusOf(sign('PS256'))).to.equal(403);
    stand.vault.controls.enable(name, version);
    expect(await good(secret)).to.include({ version });
    expect(await good(sign('PS256'))).to.have.property('signature');
    expect(() => stand.vault.controls.disable(name, 'x')).to.throw('no version x');
  });

  it('signs with no key outside its validity: 403', async () => {
    const notAfter = Date.now() - 1000;
    const expired = await root.issue({ commonName: 'expired', notAfter });
    const keyId = `${vaultUrl}/keys/expired/${stand.vault.controls.addVersion('expired', expired)}`;
    // A library that may not see the key cannot say so before the vault does.
    stand.vault.controls.denyAccess(['get-key']);
    expect(await statusOf({ kind: 'sign', keyId, algorithm: 'PS256', digest })).to.equal(403);
    expect(await good({ ...secret, name: 'expired' })).to.have.property('value');
  });

  it('denies access to some operations, or to all: 403', async () => {
    stand.vault.controls.denyAccess(['get-secret', 'get-key']);
    expect((await azure.run(secret)).failure?.message).to.contain('not authorized');
    expect(await good(certificate)).to.include({ version });
    // The library signs without having seen the key.
    expect(await good(sign('RS256'))).to.have.property('signature');
    stand.vault.controls.denyAccess();
    expect(await statusOf(certificate)).to.equal(403);
    stand.vault.controls.allowAccess();
    expect(await good(secret)).to.include({ version });
  });

  it('throttles the next calls: 429 with Retry-After', async () => {
    stand.vault.controls.throttle(2, 7);
    expect(await statusOf(certificate)).to.equal(429);
    expect(await statusOf(secret)).to.equal(429);
    expect(await good(secret)).to.include({ version });
  });

  it('is down: 500, 503, and no answer at all', async () => {
    for (const outage of ['500', '503'] as const) {
      stand.vault.controls.outage(outage);
      expect(await statusOf(certificate)).to.equal(Number(outage));
    }
    stand.vault.controls.outage('connection-reset');
    const { failure } = await azure.run(certificate);
    expect(failure?.statusCode).to.equal(undefined);
    expect(failure?.code).to.equal('ECONNRESET');
  });

  it('is not found through the proxy under another name', async () => {
    const elsewhere = 'https://another.vault.azure.net';
    const { failure, value } = await azure.run({ ...certificate, vaultUrl: elsewhere });
    expect(value).to.equal(undefined);
    expect(failure?.statusCode).to.equal(undefined);
    expect(stand.targets).to.include.members([
      'concierge-test.vault.azure.net:443',
      'another.vault.azure.net:443',
    ]);
  });
});
