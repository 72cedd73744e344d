/** Where Microsoft's own libraries show what the environment holds, when a vault is asked. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { bareEnvironment } from '../support/bare-environment.ts';
import { startVaultStand, type VaultStand } from '../support/vault-stand.ts';

const ASK = `
import { vaultSecrets } from './src/credentials/azure-sdk.ts';
const [authorityHost] = process.argv.slice(1);
const vaultUrl = new URL('https://concierge-test.vault.azure.net');
const managedIdentityClientId = undefined;
const client = await vaultSecrets({ key: 'k', vaultUrl, managedIdentityClientId, authorityHost });
await client.getSecret('site').then(() => process.exit(1), () => process.exit(0));`;

/** A service principal, as a host may have it in its environment. */
const PRINCIPAL = {
  AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential',
  AZURE_CLIENT_ID: '4c0c1e46-5ba1-4d0e-9f0b-2c7a6d1f0a11',
  AZURE_CLIENT_SECRET: 'of the principal',
};

describe('The identity of the environment that asks a vault', () => {
  let sandbox: Sandbox;
  let stand: VaultStand;

  beforeEach(async () => {
    sandbox = await startSandbox({});
    stand = await startVaultStand(sandbox);
  });
  afterEach(async () => {
    await stand.close();
    await sandbox.close();
  });

  for (const [title, args, environment, host] of [
    [
      'signs in at the host that it is told, and at no other',
      ['https://login.microsoftonline.us'],
      {},
      'login.microsoftonline.us',
    ],
    [
      'signs in at the host of AZURE_AUTHORITY_HOST, where it is told none',
      [],
      { AZURE_AUTHORITY_HOST: 'https://login.partner.microsoftonline.cn' },
      'login.partner.microsoftonline.cn',
    ],
  ] as const) {
    it(title, async () => {
      // The tenant that the vault says it is of: for another the library asks no token.
      const tenant = { AZURE_TENANT_ID: sandbox.tenants[0]?.id };
      const env = bareEnvironment({
        ...{ ...stand.environment, ...PRINCIPAL, ...tenant },
        ...environment,
      });
      const run = ['--input-type=module', '--eval', ASK, ...args];
      await promisify(execFile)(process.execPath, run, { env });
      const vault = 'concierge-test.vault.azure.net:443';
      expect(new Set(stand.targets)).to.deep.equal(new Set([vault, `${host}:443`]));
    }).timeout(20_000);
  }
});
