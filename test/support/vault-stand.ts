/** A vault behind its real name: a certificate of a test authority, and the proxy that leads there. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeyVault, startKeyVault } from '../../scripts/sandbox/key-vault/start-key-vault.ts';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { createAuthority } from './certificate-authority.ts';
import { startConnectProxy } from './connect-proxy.ts';
import { aFolder } from './site-process.ts';

export interface VaultStand {
  readonly vault: KeyVault;
  /** Every target that the proxy was asked for. */
  readonly targets: readonly string[];
  /** What a process needs to reach it by name, and to get tokens for it as the sandbox's managed identity. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startVaultStand(
  sandbox: Sandbox,
  { name = 'concierge-test', now = Date.now }: { name?: string; now?: () => number } = {},
): Promise<VaultStand> {
  const authority = await createAuthority('Test CA');
  const host = `${name}.vault.azure.net`;
  const { certificate, privateKey } = await authority.issue({ commonName: host, dnsNames: [host] });
  const tls = { key: privateKey, cert: certificate };
  const vault = await startKeyVault({ name, tls, sandbox, now });
  const proxy = await startConnectProxy({ [`${host}:443`]: vault.port });
  const caFile = join(aFolder(), 'ca.pem');
  writeFileSync(caFile, authority.certificate);
  return {
    vault,
    targets: proxy.targets,
    environment: {
      HTTPS_PROXY: proxy.url,
      // Without it the libraries would ask the proxy for the managed identity too.
      NO_PROXY: '127.0.0.1,localhost',
      NODE_EXTRA_CA_CERTS: caFile,
      ...sandbox.identityEnvironment,
    },
    close: async () => {
      await proxy.close();
      await vault.close();
    },
  };
}
