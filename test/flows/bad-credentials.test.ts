/** Credentials that fail while the site runs: the person reads that it is not their fault, the operator what to mend. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { demoApp, type SandboxApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { type ACertificate, aCertificate } from '../config/a-certificate.ts';
import { startFederatedIssuer } from '../support/federated-issuer.ts';
import { passSandbox, sandboxEnvironment } from '../support/site.ts';
import { aFolder, freePort, type SiteProcess, startSiteProcess } from '../support/site-process.ts';
import { startVaultStand, type VaultStand } from '../support/vault-stand.ts';
import { Visitor } from '../support/visitor.ts';

const FIRST = 'AzureAd__ClientCredentials__0__';

describe('The operator is told of a credential', () => {
  let sandbox: Sandbox;
  let site: SiteProcess;
  let stand: VaultStand | undefined;
  const pair: ACertificate = aCertificate();

  afterEach(async () => {
    await site.stop();
    await stand?.close();
    stand = undefined;
    await sandbox.close();
  });

  async function start(credential: Record<string, string>, app: Partial<SandboxApp> = {}) {
    sandbox = await startSandbox({ apps: [{ ...demoApp, secrets: [], ...app }] });
    const port = await freePort();
    const { AzureAd__ClientSecret: _, ...plain } = sandboxEnvironment(sandbox, port);
    const keys = Object.entries(credential).map(([key, value]) => [`${FIRST}${key}`, value]);
    const env = { ...plain, ...Object.fromEntries(keys) };
    return {
      env,
      run: async (more: Record<string, string> = {}) => {
        site = await startSiteProcess({ ...env, ...more }, port);
      },
    };
  }

  async function startAtVault(sourceType: string, prepare: (given: VaultStand) => void) {
    const { run } = await start({
      SourceType: sourceType,
      KeyVaultUrl: 'https://concierge-test.vault.azure.net',
      KeyVaultCertificateName: 'site',
    });
    stand = await startVaultStand(sandbox);
    prepare(stand);
    await run(stand.environment);
  }

  /** The line that the log has of it, soon after the start or a sign-in. */
  async function lineOf(event: string): Promise<string> {
    for (const end = Date.now() + 8000; Date.now() < end; await delay(20)) {
      const line = site
        .output()
        .split('\n')
        .find((each) => each.includes(`"event":"${event}"`));
      if (line) return line;
    }
    throw new Error(`no ${event}:\n${site.output()}`);
  }
  const unusable = () => lineOf('client_credential_unusable');

  async function signIn() {
    const visitor = new Visitor();
    const page = await visitor.open(`${site.url}/profile`);
    return await passSandbox(visitor, page, 'ada@contoso.example');
  }

  for (const sourceType of ['KeyVault', 'SignedAssertionFromVault']) {
    it(`whose vault denies access (${sourceType}), with the role to grant`, async () => {
      await startAtVault(sourceType, ({ vault }) => {
        vault.controls.addVersion('site', pair);
        vault.controls.denyAccess();
      });
      expect(await unusable())
        .to.include('AzureAd:ClientCredentials:0')
        .and.include('denies access (HTTP 403)')
        .and.match(/Key Vault (Secrets|Certificate) User/);
      const page = await signIn();
      expect(page.status).to.equal(500);
      expect(page.text).to.include('You have done nothing wrong').and.not.include('vault');
    });

    it(`that its vault does not have (${sourceType})`, async () => {
      await startAtVault(sourceType, () => {});
      expect(await unusable()).to.include('has no certificate site');
    });

    it(`whose vault is down (${sourceType}): that is for later, and a person is told so`, async () => {
      await startAtVault(sourceType, ({ vault }) => {
        vault.controls.addVersion('site', pair);
        vault.controls.outage('503');
      });
      expect(await unusable()).to.include('does not answer (HTTP 503)');
      const page = await signIn();
      expect(page.status).to.equal(503);
      expect(page.headers.get('retry-after')).to.match(/^\d+$/);
    });
  }

  it('whose key may not leave its vault, where it is to be fetched', async () => {
    await startAtVault('KeyVault', ({ vault }) => {
      vault.controls.addVersion('site', { ...pair, isExportable: false });
    });
    expect(await unusable())
      .to.include('holds no private key')
      .and.include('SignedAssertionFromVault');
  });

  it('whose managed identity is not known here', async () => {
    const { run } = await start({
      SourceType: 'SignedAssertionFromManagedIdentity',
      ManagedIdentityClientId: '99999999-2222-4333-8444-555555555555',
    });
    await run(sandbox.identityEnvironment);
    expect(await unusable())
      .to.include('no identity to ask with')
      .and.include('ManagedIdentityClientId');
  });

  it('whose file holds no token, and not what it holds', async () => {
    const file = join(aFolder(), 'token');
    writeFileSync(file, 'canary');
    const { run } = await start({
      SourceType: 'SignedAssertionFilePath',
      SignedAssertionFileDiskPath: file,
    });
    await run();
    expect(await unusable())
      .to.include('holds no JWT')
      .and.not.include('canary');
  });

  it('that the app registration does not trust, for its subject differs', async () => {
    const issuer = await startFederatedIssuer();
    const file = join(aFolder(), 'token');
    await issuer.project(file);
    const { run } = await start(
      { SourceType: 'SignedAssertionFilePath', SignedAssertionFileDiskPath: file },
      { federatedCredentials: [{ ...issuer.credential(), subject: 'system:other' }] },
    );
    await run();
    await signIn();
    await issuer.close();
    expect(await lineOf('client_credential_refused'))
      .to.include('700213')
      .and.include('subject');
  });

  it('that is the ID of a secret in place of its value', async () => {
    const secretId = '7c1e3a52-3f6d-4b8e-8c11-a0da00000001';
    const { run } = await start(
      { SourceType: 'ClientSecret', ClientSecret: secretId },
      { secrets: [{ secretId, value: 'the value' }] },
    );
    await run();
    const page = await signIn();
    expect(page.status).to.equal(500);
    expect(page.text).to.include('You have done nothing wrong');
    expect(await lineOf('client_credential_refused'))
      .to.include('7000215')
      .and.include('its ID was copied in place of its value')
      .and.not.include(secretId);
    expect(site.output()).to.include('looks like the ID of a secret');
  });

  it('that has expired at the authority', async () => {
    const { run } = await start(
      { SourceType: 'ClientSecret', ClientSecret: 'the value' },
      { secrets: [{ secretId: 'one', value: 'the value', expiresAt: Date.now() - 1000 }] },
    );
    await run();
    await signIn();
    expect(await lineOf('client_credential_refused'))
      .to.include('7000222')
      .and.include('has expired');
  });
}).timeout(30_000);
