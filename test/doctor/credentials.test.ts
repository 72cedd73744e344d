/** The doctor, of credentials: each by itself, here and at the authority. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkCredentials } from '../../scripts/doctor/check-credentials.ts';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { systemClock } from '../../src/clock.ts';
import { aCertificate } from '../config/a-certificate.ts';
import { startFederatedIssuer } from '../support/federated-issuer.ts';
import { aFolder, freePort } from '../support/site-process.ts';
import { findingsOf, runDoctor, wellEnvironment } from './doctor-rig.ts';

const FIRST = 'AzureAd__ClientCredentials__0__';
const strangeId = 'aaaaaaaa-1111-4222-8333-444444444444';
const good = demoApp.secrets[0] ?? '';

describe('The doctor, of the credentials', () => {
  let sandbox: Sandbox;
  let env: Record<string, string>;
  const lasting = aCertificate();
  const soon = aCertificate(['rsa:2048'], 20);
  const strange = aCertificate();
  const file = (content: string | Buffer) => {
    const path = join(aFolder(), 'site');
    writeFileSync(path, content);
    return path;
  };

  before(async () => {
    const secrets = [
      { secretId: '7c1e3a52-3f6d-4b8e-8c11-a0da00000001', value: good },
      { secretId: 'two', value: 'an old one', expiresAt: Date.now() - 1000 },
    ];
    const certificates = [lasting.certificate, soon.certificate];
    sandbox = await startSandbox({ apps: [{ ...demoApp, secrets, certificates }] });
  });
  after(() => sandbox.close());
  beforeEach(() => {
    env = { ...wellEnvironment(sandbox), AzureAd__TenantId: 'contoso.example' };
  });

  /** What is found of one credential, written first in the list. */
  async function findingOf(credential: Record<string, string>) {
    const keys = Object.entries(credential).map(([key, value]) => [`${FIRST}${key}`, value]);
    const findings = await findingsOf(checkCredentials, { ...env, ...Object.fromEntries(keys) });
    expect(findings.at(-1), 'the plain secret after it').to.deep.include({
      ...{ result: 'ok', subject: 'AzureAd:ClientSecret (ClientSecret)' },
    });
    return findings[0];
  }
  const atPath = (content: string | Buffer, more: Record<string, string> = {}) =>
    findingOf({ SourceType: 'Path', CertificateDiskPath: file(content), ...more });
  const pem = ({ privateKey, certificate }: typeof lasting) => privateKey + certificate;

  it('finds well what the authority takes, and when it expires', async () => {
    const found = await atPath(pem(lasting));
    expect(found).to.include({ result: 'ok', subject: 'AzureAd:ClientCredentials:0 (Path)' });
    expect(found?.seen).to.match(
      /takes it; its certificate \(thumbprint [0-9A-F]{40}\) .* 59 days/,
    );
  });

  /** The first two rows, of one credential that ends soon. */
  const soonAtPath = async (changes: Record<string, string>, options = {}) => {
    const [first, second] = await findingsOf(
      checkCredentials,
      {
        ...{ ...env, ...changes, AzureAd__ClientSecret: '' },
        [`${FIRST}SourceType`]: 'Path',
        [`${FIRST}CertificateDiskPath`]: file(pem(soon)),
      },
      options,
    );
    return { first, second };
  };

  for (const [what, changes, result, said] of [
    ['the authority takes it', {}, 'ok', 'The authority takes it.'],
    ['no tenant is named', { AzureAd__TenantId: 'common' }, 'skipped', 'only a tenant'],
    ['personal accounts sign in', { AzureAd__TenantId: 'consumers' }, 'skipped', 'personal'],
    ['the authority is away', { AzureAd__Instance: 'http://127.0.0.1:1' }, 'skipped', 'be asked'],
    ['it is refused', { AzureAd__ClientId: strangeId }, 'failed', 'AADSTS700016'],
  ] as const) {
    it(`warns of a certificate that expires within 30 days, though ${what}`, async () => {
      const { first, second } = await soonAtPath(changes);
      expect(first).to.include({ result });
      expect(first?.seen).to.include(said);
      expect(second).to.include({ result: 'warning', subject: first?.subject });
      expect(second?.seen).to.match(/certificate \(thumbprint [0-9A-F]{40}\) expires in 19 days/);
      expect(second?.mend?.portal).to.include('Certificates & secrets > Certificates');
      const id = changes.AzureAd__ClientId ?? demoApp.clientId;
      const reset = `az ad app credential reset --id ${id} --append `;
      expect(second?.mend?.command).to.include(reset).and.include(' --cert @');
    });
  }

  it('warns of none that lasts, whatever the authority says', async () => {
    const found = await findingsOf(checkCredentials, {
      ...{ ...env, AzureAd__TenantId: 'common', AzureAd__ClientSecret: '' },
      ...{ [`${FIRST}SourceType`]: 'Path', [`${FIRST}CertificateDiskPath`]: file(pem(lasting)) },
    });
    expect(found.map(({ result }) => result)).to.deep.equal(['skipped']);
  });

  it('fails one that has expired, with where and by what a new one is registered', async () => {
    const later = { ...systemClock, now: () => Date.now() + 25 * 86_400_000 };
    const { first, second } = await soonAtPath({}, { clock: later });
    expect(first?.result).to.equal('failed');
    expect(first?.seen).to.include('expired');
    expect(first?.mend?.portal).to.include('Certificates & secrets > Certificates');
    expect(first?.mend?.command).to.include(`--id ${demoApp.clientId} --append`);
    expect(second).to.equal(undefined);
  });

  for (const [what, secret, code] of [
    ['wrong', 'not it', 7000215],
    ['the ID of one', '7c1e3a52-3f6d-4b8e-8c11-a0da00000001', 7000215],
    ['one that has expired', 'an old one', 7000222],
  ] as const) {
    it(`fails a secret that is ${what}, by the number and with a command`, async () => {
      const found = await findingOf({ SourceType: 'ClientSecret', ClientSecret: secret });
      expect(found?.result).to.equal('failed');
      expect(found?.seen).to.include(`AADSTS${code}`);
      expect(found?.mend?.command).to.include(
        `az ad app credential reset --id ${demoApp.clientId}`,
      );
    });
  }

  it('fails a certificate that is not registered', async () => {
    const found = await atPath(pem(strange));
    expect(found?.result).to.equal('failed');
    expect(found?.seen).to.include('AADSTS700027');
  });

  it('fails what cannot be used here, without asking the authority', async () => {
    const before = sandbox.requests.length;
    const found = await atPath(lasting.lockedPfx, { CertificatePassword: 'x' });
    expect(found?.result).to.equal('failed');
    expect(found?.seen).to.include('another password');
    expect(found?.mend?.text).to.include('CertificatePassword');
    expect(found?.mend, 'nothing to do elsewhere').to.have.all.keys('text');
    const tokens = sandbox.requests.slice(before).filter(({ endpoint }) => endpoint === 'token');
    expect(tokens, 'of the plain secret alone').to.have.length(1);
  });

  it('fails a workload’s token that no federated credential fits', async () => {
    const issuer = await startFederatedIssuer();
    const found = await findingOf({
      SourceType: 'SignedAssertionFilePath',
      SignedAssertionFileDiskPath: file(await issuer.token()),
    });
    await issuer.close();
    expect(found?.result).to.equal('failed');
    expect(found?.seen).to.include('AADSTS70025');
    const command = `az ad app federated-credential create --id ${demoApp.clientId} --parameters`;
    expect(found?.mend?.command).to.include(command);
  });

  it('does not say of common what only a tenant tells, but for what is refused there already', async () => {
    env = { ...wellEnvironment(sandbox) };
    const [unclear] = await findingsOf(checkCredentials, env);
    expect(unclear?.result).to.equal('skipped');
    expect(unclear?.mend?.command).to.include('--tenant');
    const [wrong] = await findingsOf(checkCredentials, { ...env, AzureAd__ClientSecret: 'x' });
    expect(wrong?.seen).to.include('AADSTS7000215');
    const [named] = await findingsOf(checkCredentials, env, { tenantId: 'contoso.example' });
    expect(named?.result).to.equal('ok');
  });

  it('names no tenant where personal accounts alone sign in, as none would do', async () => {
    const [found] = await findingsOf(checkCredentials, { ...env, AzureAd__TenantId: 'consumers' });
    expect(found?.result).to.equal('skipped');
    expect(found?.seen).to.include('only a sign-in tells');
    expect(JSON.stringify(found)).not.to.include('--tenant');
  });

  it('blames the tenant that is not there, and not the credential', async () => {
    const options = { tenantId: 'nowhere.example' };
    const [found] = await findingsOf(checkCredentials, wellEnvironment(sandbox), options);
    expect(found?.result).to.equal('failed');
    expect(found?.seen).to.include('discovery document');
    expect(found?.mend?.text).to.include('--tenant');
  });

  it('says that it cannot be told while the authority is away', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const [found] = await findingsOf(checkCredentials, { ...env, AzureAd__Instance: nowhere });
    expect(found?.result).to.equal('skipped');
  });

  it('takes a tenant by --tenant, and no other word', async () => {
    const common = wellEnvironment(sandbox, await freePort());
    const named = await runDoctor(['--json', '--tenant', 'contoso.example'], common);
    expect(named.output).to.include('The authority takes it.');
    const { status, errors } = await runDoctor(['--tenant', 'common'], common);
    expect(status).to.equal(2);
    expect(errors).to.include('--tenant names no one tenant');
  }).timeout(20_000);
});
