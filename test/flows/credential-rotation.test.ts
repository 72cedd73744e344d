/** Credentials replaced while fifty people use the site: nobody notices. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { demoApp, type SandboxApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { type ACertificate, aCertificate } from '../config/a-certificate.ts';
import { passSandbox, sandboxEnvironment } from '../support/site.ts';
import { aFolder, freePort, type SiteProcess, startSiteProcess } from '../support/site-process.ts';
import { startVaultStand, type VaultStand } from '../support/vault-stand.ts';
import { Visitor } from '../support/visitor.ts';

const FIRST = 'AzureAd__ClientCredentials__0__';
const PEOPLE = 50;
/** Tokens that live so short are refreshed all the time. */
const TOKEN_SECONDS = 2;

describe('While fifty people use the site', () => {
  let sandbox: Sandbox;
  let site: SiteProcess;
  let stand: VaultStand | undefined;
  let address = 0;

  afterEach(async () => {
    await site.stop();
    await sandbox.close();
    await stand?.close();
    stand = undefined;
  });

  async function start(
    app: Partial<SandboxApp>,
    env: (own: Sandbox) => Promise<Record<string, string>>,
  ): Promise<void> {
    sandbox = await startSandbox({
      ...{ apps: [{ ...demoApp, secrets: [], ...app }], accessTokenSeconds: TOKEN_SECONDS },
    });
    const port = await freePort();
    const { AzureAd__ClientSecret: _, ...plain } = sandboxEnvironment(sandbox, port);
    // As behind a proxy, so that they do not come from one address: sign-ins of one are limited.
    const proxied = { Site__TrustProxy: 'true' };
    site = await startSiteProcess({ ...plain, ...proxied, ...(await env(sandbox)) }, port);
  }

  async function signIn(username: string): Promise<Visitor> {
    address += 1;
    const visitor = new Visitor({ 'x-forwarded-for': `192.0.2.${address % 250}` });
    const page = await passSandbox(visitor, await visitor.open(`${site.url}/profile`), username);
    expect(page.status, page.text).to.equal(200);
    return visitor;
  }

  const usernames = () => sandbox.users.map(({ username }) => username);
  const usedCredentials = () => [
    ...new Set(
      sandbox.requests
        .filter(({ endpoint, status }) => endpoint === 'token' && status === 200)
        .map(({ credential }) => credential?.name ?? ''),
    ),
  ];

  /** Runs `rotate` while all of them call an API, and others sign in. */
  async function underLoad(rotate: () => Promise<void>) {
    const names = usernames();
    const visitors: Visitor[] = [];
    for (let index = 0; index < PEOPLE; index += 1) {
      visitors.push(await signIn(names[index % names.length] ?? ''));
    }
    const answers = new Map<number, number>();
    let isOver = false;
    const people = visitors.map(async (visitor) => {
      while (!isOver) {
        const { status } = await visitor.fetch(`${site.url}/api/Graph/me`);
        answers.set(status, (answers.get(status) ?? 0) + 1);
        await delay(200);
      }
    });
    const newcomers = names.slice(0, 2).map(async (username) => {
      while (!isOver) {
        await signIn(username);
        await delay(400);
      }
    });
    const before = sandbox.requests.length;
    await rotate();
    isOver = true;
    await Promise.all([...people, ...newcomers]);
    const during = sandbox.requests.slice(before);
    const grants = during.filter(({ endpoint, status }) => endpoint === 'token' && status === 200);
    expect([...answers.keys()], 'each call was answered with data').to.deep.equal([200]);
    expect(answers.get(200)).to.be.above(PEOPLE * 10);
    expect(grants.some(({ grantType }) => grantType === 'refresh_token')).to.equal(true);
    expect(grants.some(({ grantType }) => grantType === 'authorization_code')).to.equal(true);
    expect(site.output()).to.not.include('"refresh_failed"').and.not.include('sign_in_failed');
  }

  /** Time for tokens to run out, and to be refreshed with what is there then. */
  const aWhile = () => delay(TOKEN_SECONDS * 1000);
  const registration = () => sandbox.controls.credentials;

  it('a secret is removed, and the next one takes over', async () => {
    const secrets = [
      { secretId: 'old', value: 'the old one' },
      { secretId: 'new', value: 'the new one' },
    ];
    await start({ secrets }, async () => ({
      AzureAd__ClientCredentials__0__SourceType: 'ClientSecret',
      AzureAd__ClientCredentials__0__ClientSecret: 'the old one',
      AzureAd__ClientSecret: 'the new one',
    }));
    await underLoad(async () => {
      await aWhile();
      registration().removeSecret(demoApp.clientId, 'the old one');
      await aWhile();
    });
    expect(usedCredentials()).to.deep.equal(['old', 'new']);
    expect(site.output()).to.include('"event":"credential_failover"');
    expect(site.output()).to.not.match(/the (old|new) one/);
  }).timeout(60_000);

  it('a certificate’s file is replaced', async () => {
    const [before, next] = [aCertificate(), aCertificate()];
    const file = join(aFolder(), 'site.pem');
    const content = ({ privateKey, certificate }: ACertificate) => privateKey + certificate;
    writeFileSync(file, content(before));
    await start({ certificates: [before.certificate] }, async () => ({
      [`${FIRST}SourceType`]: 'Path',
      [`${FIRST}CertificateDiskPath`]: file,
    }));
    await underLoad(async () => {
      await aWhile();
      registration().addCertificate(demoApp.clientId, next.certificate);
      writeFileSync(`${file}.new`, content(next));
      renameSync(`${file}.new`, file);
      await aWhile();
      registration().removeCertificate(demoApp.clientId, before.certificate);
      await aWhile();
    });
    expect(usedCredentials()).to.deep.equal([before.sha256, next.sha256]);
  }).timeout(60_000);

  for (const sourceType of ['KeyVault', 'SignedAssertionFromVault']) {
    it(`a vault’s certificate is renewed (${sourceType})`, async () => {
      const [before, next] = [aCertificate(), aCertificate()];
      let version = '';
      await start({ certificates: [before.certificate] }, async (own) => {
        stand = await startVaultStand(own);
        version = stand.vault.controls.addVersion('site', before);
        return {
          ...stand.environment,
          [`${FIRST}SourceType`]: sourceType,
          [`${FIRST}KeyVaultUrl`]: stand.vault.url,
          [`${FIRST}KeyVaultCertificateName`]: 'site',
        };
      });
      await underLoad(async () => {
        await aWhile();
        registration().addCertificate(demoApp.clientId, next.certificate);
        stand?.vault.controls.addVersion('site', next);
        await aWhile();
        registration().removeCertificate(demoApp.clientId, before.certificate);
        stand?.vault.controls.disable('site', version);
        await aWhile();
      });
      expect(usedCredentials()).to.deep.equal([before.sha256, next.sha256]);
    }).timeout(60_000);
  }
});
