/** Which tokens the vault takes, and the challenge for the rest. */
import { request } from 'node:https';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { demoIdentity } from '../../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../../scripts/sandbox/start-sandbox.ts';
import { selfSignedCertificate } from '../../support/certificate-authority.ts';
import { startVaultStand, type VaultStand } from '../../support/vault-stand.ts';
import { answerOf, text } from '../test-client.ts';

describe('The sandbox’s Key Vault', () => {
  let sandbox: Sandbox;
  let stand: VaultStand;
  let now: number;

  before(async () => {
    sandbox = await startSandbox();
    stand = await startVaultStand(sandbox, { now: () => now });
    const certificate = await selfSignedCertificate({ commonName: 'a' });
    stand.vault.controls.addVersion('a', certificate);
  });
  after(async () => {
    await stand.close();
    await sandbox.close();
  });
  beforeEach(() => {
    now = Date.now();
  });

  interface Reply {
    readonly status: number;
    readonly challenge: string | undefined;
    readonly retryAfter: string | undefined;
    readonly body: string;
  }

  const call = (token?: string, path = '/certificates/a/?api-version=7.6', signal?: AbortSignal) =>
    new Promise<Reply>((resolve, reject) => {
      const { port, host } = stand.vault;
      const headers = { host, ...(token && { authorization: `Bearer ${token}` }) };
      request(
        { host: '127.0.0.1', port, path, headers, signal, rejectUnauthorized: false },
        async (response) => {
          const body = Buffer.concat(await response.toArray()).toString();
          const challenge = response.headers['www-authenticate'];
          const retryAfter = response.headers['retry-after'];
          resolve({ status: response.statusCode ?? 0, challenge, retryAfter, body });
        },
      )
        .on('error', reject)
        .end();
    });

  const tokenFor = async (resource: string, from = sandbox) => {
    const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = from.identityEnvironment;
    const query = new URLSearchParams({ resource, 'api-version': '2019-08-01' });
    const headers = { 'x-identity-header': IDENTITY_HEADER };
    const { body } = await answerOf(await fetch(`${IDENTITY_ENDPOINT}?${query}`, { headers }));
    return text(body, 'access_token');
  };

  it('asks who brings no token for one of its tenant, for vaults', async () => {
    const { status, challenge } = await call();
    expect(status).to.equal(401);
    const authorization = `${sandbox.url}${sandbox.tenants[0]?.id}`;
    expect(challenge).to.equal(
      `Bearer authorization="${authorization}", resource="https://vault.azure.net"`,
    );
  });

  it('takes a managed identity’s token for vaults until it expires', async () => {
    const token = await tokenFor('https://vault.azure.net');
    expect((await call(token)).status).to.equal(200);
    now += 86_401_000;
    expect((await call(token)).status).to.equal(401);
  });

  it('refuses tokens for others, of others, and of no one', async () => {
    const foreign = await call(await tokenFor('https://graph.microsoft.com'));
    expect(foreign.status).to.equal(401);
    expect(foreign.body).to.contain('AKV10022');
    const { key } = await selfSignedCertificate({ commonName: 'impostor' });
    const kid = sandbox.keySet.keys[0]?.kid ?? '';
    const forged = await new SignJWT({ aud: 'https://vault.azure.net', sub: demoIdentity.objectId })
      .setProtectedHeader({ alg: 'RS256', kid })
      .sign(key);
    expect((await call(forged)).body).to.contain('AKV10046');
    expect((await call('nothing')).status).to.equal(401);
  });

  it('refuses a token of another tenant, though the same keys signed it', async () => {
    const tenantId = sandbox.tenants[1]?.id ?? '';
    const theirs = await startSandbox({ managedIdentities: [{ ...demoIdentity, tenantId }] });
    const ours = stand;
    stand = await startVaultStand(theirs);
    const { status, body } = await call(await tokenFor('https://vault.azure.net', theirs));
    await stand.close();
    await theirs.close();
    stand = ours;
    expect(status).to.equal(401);
    expect(body).to.contain('AKV10032');
  });

  it('says when to come back, to who is throttled and to no one else', async () => {
    const token = await tokenFor('https://vault.azure.net');
    stand.vault.controls.throttle(1, 7);
    expect((await call()).status).to.equal(401);
    const throttled = await call(token);
    expect([throttled.status, throttled.retryAfter]).to.deep.equal([429, '7']);
    const next = await call(token);
    expect([next.status, next.retryAfter]).to.deep.equal([200, undefined]);
  });

  it('leaves calls without an answer when told, and writes them down', async () => {
    const token = await tokenFor('https://vault.azure.net');
    stand.vault.controls.outage('silence');
    const giveUp = new AbortController();
    const ended = call(token, undefined, giveUp.signal).catch((error: Error) => error.name);
    const before = stand.vault.calls.length;
    while (stand.vault.calls.length === before) await setTimeout(5);
    giveUp.abort();
    expect(await ended).to.equal('AbortError');
    expect(stand.vault.calls.at(-1)).to.deep.include({ operation: 'get-certificate', status: 0 });
    stand.vault.controls.mendAll();
    expect((await call(token)).status).to.equal(200);
  });

  it('wants the version of its API named, and knows no other calls', async () => {
    const token = await tokenFor('https://vault.azure.net');
    expect((await call(token, '/certificates/a')).status).to.equal(400);
    expect((await call(token, '/certificates/a?api-version=1.0')).status).to.equal(400);
    expect((await call(token, '/certificates?api-version=7.6')).status).to.equal(404);
  });
});
