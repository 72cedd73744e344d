/** Every source of credentials, each before a sandbox that checks what it is shown as strictly as Entra ID. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  demoApp,
  demoIdentity,
  type SandboxApp,
  type SandboxOptions,
} from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { aCertificate, PASSWORD, PASSWORD_BEYOND_ASCII } from '../config/a-certificate.ts';
import { createAuthority } from '../support/certificate-authority.ts';
import { type FederatedIssuer, startFederatedIssuer } from '../support/federated-issuer.ts';
import { passSandbox, type Site, sandboxEnvironment, startSite } from '../support/site.ts';
import { aFolder, freePort, startSiteProcess } from '../support/site-process.ts';
import { startVaultStand, type VaultStand } from '../support/vault-stand.ts';
import { Visitor } from '../support/visitor.ts';

const FIRST = 'AzureAd__ClientCredentials__0__';

/** How a vault may keep a certificate with its key. */
const SECRET_FORMS = { pfx: 'application/x-pkcs12', pem: 'application/x-pem-file' } as const;

interface Case {
  /** What the app registration knows. */
  readonly app: Partial<SandboxApp>;
  /** Keys of the first credential. */
  readonly credential: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface VaultChoices {
  readonly form?: keyof typeof SECRET_FORMS;
  readonly isExportable?: boolean;
}

describe('A person signs in, and is served on,', () => {
  let sandbox: Sandbox;
  let site: { readonly url: string; close(): Promise<unknown> };
  let issuer: FederatedIssuer;

  before(async () => {
    issuer = await startFederatedIssuer();
  });
  after(() => issuer.close());
  afterEach(async () => {
    await site.close();
    await sandbox.close();
  });

  async function start({ app, credential, env = {} }: Case, options: SandboxOptions = {}) {
    sandbox = await startSandbox({ ...options, apps: [{ ...demoApp, secrets: [], ...app }] });
    const port = await freePort();
    const { AzureAd__ClientSecret: _, ...plain } = sandboxEnvironment(sandbox, port);
    const keys = Object.entries(credential).map(([key, value]) => [`${FIRST}${key}`, value]);
    return { env: { ...plain, ...Object.fromEntries(keys), ...env }, port };
  }

  async function startHere(given: Case): Promise<Site> {
    const here = await startSite((await start(given)).env);
    site = here;
    return here;
  }

  /** The site as a process, as the Azure SDK reads its environment itself. */
  async function startThere(given: Case, options: SandboxOptions) {
    const { env, port } = await start(given, options);
    const there = await startSiteProcess({ ...env, ...sandbox.identityEnvironment }, port);
    site = { url: there.url, close: () => there.stop() };
    return there;
  }

  /** Signs in, calls an API, and calls it again with a token that had to be refreshed. */
  async function expectServed(kind: 'secret' | 'certificate' | 'federated') {
    const visitor = new Visitor();
    const signedIn = await visitor.open(`${site.url}/profile`);
    const profile = await passSandbox(visitor, signedIn, 'ada@contoso.example');
    expect(profile.text).to.include('Ada Example');
    sandbox.controls.expireAccessTokens();
    expect((await visitor.open(`${site.url}/profile`)).status).to.equal(200);
    const requests = sandbox.requests.filter(({ endpoint }) => endpoint === 'token');
    expect(requests.map(({ status }) => status)).to.deep.equal([200, 200]);
    expect(requests.map(({ credential }) => credential?.kind)).to.deep.equal([kind, kind]);
  }

  const pair = aCertificate();
  const file = (content: string | Buffer, name = 'site') => {
    const path = join(aFolder(), name);
    writeFileSync(path, content);
    return path;
  };
  const certificates = [pair.certificate];
  const atPath = (content: string | Buffer, more: Record<string, string> = {}): Case => ({
    app: { certificates },
    credential: { SourceType: 'Path', CertificateDiskPath: file(content), ...more },
  });

  const cases: Readonly<Record<string, readonly ['secret' | 'certificate', () => Case]>> = {
    'a secret of the list': [
      'secret',
      () => ({
        app: { secrets: ['of the list & odd +%'] },
        credential: { SourceType: 'ClientSecret', ClientSecret: 'of the list & odd +%' },
      }),
    ],
    'a PEM file': ['certificate', () => atPath(pair.privateKey + pair.certificate)],
    'a PEM file with a password': [
      'certificate',
      () => atPath(pair.encryptedKey + pair.certificate, { CertificatePassword: PASSWORD }),
    ],
    'a PEM whose key is in a file of its own': [
      'certificate',
      () => atPath(pair.certificate, { PrivateKeyDiskPath: file(pair.privateKey) }),
    ],
    'a PFX file': ['certificate', () => atPath(pair.pfx)],
    'a PFX file with a password': [
      'certificate',
      () => atPath(pair.lockedPfx, { CertificatePassword: PASSWORD_BEYOND_ASCII }),
    ],
    'a PFX file of the older kind': [
      'certificate',
      () => atPath(pair.olderPfx, { CertificatePassword: PASSWORD_BEYOND_ASCII }),
    ],
    'a PFX in base64': [
      'certificate',
      () => ({
        app: { certificates },
        credential: {
          SourceType: 'Base64Encoded',
          Base64EncodedValue: pair.pfx.toString('base64'),
        },
      }),
    ],
  };
  for (const [name, [kind, given]] of Object.entries(cases)) {
    it(`by ${name}`, async () => {
      await startHere(given());
      await expectServed(kind);
    });
  }

  it('by a certificate that is known by its chain, which each assertion carries', async () => {
    const root = await createAuthority('Root of tests');
    const between = await root.createIntermediate('Between');
    const { certificate, privateKey } = await between.issue({ commonName: 'concierge' });
    const subject = { subjectName: 'concierge', trustedRoots: [root.certificate] };
    await startHere({
      app: { requiresX5c: subject },
      credential: {
        SourceType: 'Path',
        CertificateDiskPath: file(between.certificate + privateKey + certificate),
      },
      env: { AzureAd__SendX5C: 'true' },
    });
    await expectServed('certificate');
  });

  it('by a token that the platform keeps in a file', async () => {
    const path = file(`${await issuer.token()}\n`);
    await startHere({
      app: { federatedCredentials: [issuer.credential()] },
      credential: { SourceType: 'SignedAssertionFilePath', SignedAssertionFileDiskPath: path },
    });
    await expectServed('federated');
  });

  it('by the file that the environment of a workload identity names', async () => {
    await startHere({
      app: { federatedCredentials: [issuer.credential('jwksUri')] },
      credential: { SourceType: 'SignedAssertionFilePath' },
      env: { AZURE_FEDERATED_TOKEN_FILE: file(await issuer.token()) },
    });
    await expectServed('federated');
  });

  it('by a module of the operator’s own', async () => {
    const token = file(await issuer.token());
    const module = file(
      `import { readFileSync } from 'node:fs';
      export const getAssertion = ({ data }) => readFileSync(data.token, 'utf8');`,
      'assertions.mjs',
    );
    await startHere({
      app: { federatedCredentials: [issuer.credential()] },
      credential: {
        SourceType: 'CustomSignedAssertion',
        CustomSignedAssertionProviderName: module,
        CustomSignedAssertionProviderData__token: token,
      },
    });
    await expectServed('federated');
  });

  for (const [which, clientId] of [
    ['the system’s', undefined],
    ['a user-assigned', '11111111-2222-4333-8444-555555555555'],
  ] as const) {
    it(`by ${which} managed identity, asked by Microsoft’s own library`, async () => {
      const userAssigned = {
        clientId: '11111111-2222-4333-8444-555555555555',
        objectId: '66666666-7777-4888-9999-000000000000',
      };
      await startThere(
        {
          app: {},
          credential: {
            SourceType: 'SignedAssertionFromManagedIdentity',
            ...(clientId && { ManagedIdentityClientId: clientId }),
          },
        },
        { managedIdentities: [demoIdentity, userAssigned] },
      );
      sandbox.controls.credentials.addFederatedCredential(demoApp.clientId, {
        issuer: `${sandbox.url}${sandbox.tenants[0]?.id}/v2.0`,
        subject: (clientId ? userAssigned : demoIdentity).objectId,
        audience: 'api://AzureADTokenExchange',
      });
      await expectServed('federated');
    });
  }

  describe('from a key vault, through Microsoft’s own libraries,', () => {
    let stand: VaultStand;
    afterEach(() => stand.close());

    async function startAtVault(
      sourceType: string,
      { form = 'pfx', isExportable = true }: VaultChoices,
    ) {
      const given = await start({
        app: { certificates },
        credential: {
          SourceType: sourceType,
          KeyVaultUrl: 'https://concierge-test.vault.azure.net',
          KeyVaultCertificateName: 'site',
        },
      });
      stand = await startVaultStand(sandbox);
      stand.vault.controls.addVersion('site', {
        ...pair,
        ...{ contentType: SECRET_FORMS[form], isExportable },
      });
      const there = await startSiteProcess({ ...given.env, ...stand.environment }, given.port);
      site = { url: there.url, close: () => there.stop() };
      return there;
    }

    for (const form of ['pfx', 'pem'] as const) {
      it(`by a certificate that is fetched with its key, kept there as ${form}`, async () => {
        await startAtVault('KeyVault', { form });
        await expectServed('certificate');
        expect(stand.vault.count('sign')).to.equal(0);
      });
    }

    it('by a certificate whose key never leaves it', async () => {
      await startAtVault('SignedAssertionFromVault', { isExportable: false });
      await expectServed('certificate');
      expect(stand.vault.count('get-secret')).to.equal(0);
      expect(stand.vault.count('sign'), 'each assertion is signed once').to.equal(2);
    });
  });
});
