/** The doctor, of credentials in a key vault: what the vault tells of them, and what mends them there. */
import { expect } from 'chai';
import { z } from 'zod';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { aCertificate } from '../config/a-certificate.ts';
import { startVaultStand, type VaultStand } from '../support/vault-stand.ts';
import { runDoctor, wellEnvironment } from './doctor-rig.ts';

const FIRST = 'AzureAd__ClientCredentials__0__';
const findingsSchema = z.object({
  findings: z.array(
    z.object({
      ...{ check: z.string(), result: z.string(), seen: z.string() },
      mend: z
        .object({ text: z.string(), portal: z.string().optional(), command: z.string().optional() })
        .optional(),
    }),
  ),
});

describe('The doctor, of a vault’s certificate', () => {
  let sandbox: Sandbox;
  let stand: VaultStand;
  const soon = aCertificate(['rsa:2048'], 20);

  before(async () => {
    const certificates = [soon.certificate];
    sandbox = await startSandbox({ apps: [{ ...demoApp, certificates }] });
  });
  after(() => sandbox.close());
  beforeEach(async () => {
    stand = await startVaultStand(sandbox);
  });
  afterEach(() => stand.close());

  /** What is printed as JSON of a certificate named site, alone in the list. */
  const ofVault = async (sourceType: string, tenant: string) => {
    const { AzureAd__ClientSecret: _, ...plain } = wellEnvironment(sandbox);
    const { output } = await runDoctor(['--json'], {
      ...{ ...plain, ...stand.environment, AzureAd__TenantId: tenant },
      [`${FIRST}SourceType`]: sourceType,
      [`${FIRST}KeyVaultUrl`]: 'https://concierge-test.vault.azure.net',
      [`${FIRST}KeyVaultCertificateName`]: 'site',
    });
    const { findings } = findingsSchema.parse(JSON.parse(output));
    return findings.filter(({ check }) => check === 'credentials');
  };

  for (const [sourceType, role] of [
    ['KeyVault', 'Key Vault Secrets User'],
    ['SignedAssertionFromVault', 'Key Vault Certificate User'],
  ] as const) {
    it(`warns of one that ends soon, by what the vault tells (${sourceType})`, async () => {
      stand.vault.controls.addVersion('site', soon);
      const [unclear, ending] = await ofVault(sourceType, 'common');
      expect(unclear).to.include({ result: 'skipped' });
      expect(ending?.seen).to.include('expires in 19 days');
      expect(ending?.mend?.portal).to.include('New Version').and.include('Certificates & secrets');
      expect(ending?.mend?.command).to.match(
        /^az keyvault certificate download --vault-name concierge-test --name site .*&& az ad app credential reset .*--append .*--cert @/,
      );
    }).timeout(20_000);

    it(`says by which command a role is granted (${sourceType})`, async () => {
      stand.vault.controls.addVersion('site', soon);
      stand.vault.controls.denyAccess();
      const [denied] = await ofVault(sourceType, 'common');
      expect(denied?.mend?.portal).to.include('Access control (IAM)');
      expect(denied?.mend?.command).to.include(`az role assignment create --role '${role}' `);
      expect(denied?.mend?.command).to.include('az keyvault show --name concierge-test ');
    }).timeout(20_000);
  }

  it('blames the vault that does not sign, and not the tenant', async () => {
    stand.vault.controls.addVersion('site', soon);
    stand.vault.controls.denyAccess(['sign']);
    const [denied, ending] = await ofVault('SignedAssertionFromVault', 'contoso.example');
    expect(denied?.seen).to.include('cannot be used').and.include('denies access');
    expect(denied?.mend?.command).to.include("--role 'Key Vault Crypto User' ");
    expect(ending?.seen).to.include('19 days');
  }).timeout(20_000);

  it('says where the names are of those that it has', async () => {
    const [absent] = await ofVault('KeyVault', 'common');
    expect(absent?.seen).to.include('has no certificate site');
    const list = 'az keyvault certificate list --vault-name concierge-test';
    expect(absent?.mend?.command).to.include(list);
  }).timeout(20_000);

  it('shows the one whose key is of no use', async () => {
    stand.vault.controls.addVersion('site', aCertificate(['rsa:1024']));
    const [unfit] = await ofVault('SignedAssertionFromVault', 'common');
    expect(unfit?.seen).to.include('1024 bits');
    const show = 'az keyvault certificate show --vault-name concierge-test --name site';
    expect(unfit?.mend?.command).to.equal(show);
  }).timeout(20_000);
});
