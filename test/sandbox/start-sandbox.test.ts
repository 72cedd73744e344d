/** Starting and stopping a sandbox, and its operator page. */
import { generateKeyPairSync } from 'node:crypto';
import { get } from 'node:https';
import { expect } from 'chai';
import { selfSigned, toPem } from '../../scripts/sandbox/self-signed.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { TestClient, text } from './test-client.ts';

const failureOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'started',
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );

describe('startSandbox', () => {
  it('refuses hosts that are not loopback', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.com', '127.evil.example']) {
      expect(await failureOf(startSandbox({ host }))).to.contain('loopback only');
    }
  });

  it('says so when the port is taken', async () => {
    const first = await startSandbox();
    const port = Number(new URL(first.url).port);
    expect(await failureOf(startSandbox({ port }))).to.equal('EADDRINUSE');
    await first.close();
    const second = await startSandbox({ port });
    await second.close();
  });

  it('answers on https with the name it is given', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const cert = toPem(selfSigned('localhost', privateKey, Date.now()));
    const sandbox = await startSandbox({ tls: { key, cert }, publicHost: 'localhost' });
    expect(sandbox.url).to.match(/^https:\/\/localhost:\d+\/$/);
    const body = await new Promise<string>((resolve, reject) => {
      const url = `${sandbox.url}common/v2.0/.well-known/openid-configuration`;
      get(url, { rejectUnauthorized: false }, async (response) => {
        const chunks = await response.toArray();
        resolve(Buffer.concat(chunks).toString());
      }).on('error', reject);
    });
    expect(JSON.parse(body).issuer).to.equal(`${sandbox.url}{tenantid}/v2.0`);
    await sandbox.close();
  });

  describe('the operator page', () => {
    let sandbox: Sandbox;
    before(async () => {
      sandbox = await startSandbox();
    });
    after(() => sandbox.close());

    const act = (action: string, fields: Record<string, string>, headers = {}) =>
      fetch(`${sandbox.operatorUrl}/${action}`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams(fields),
        headers,
      });

    it('does what the controls do, and shows what is in force', async () => {
      const client = new TestClient(sandbox);
      const body = await client.signIn('ada@contoso.example');
      expect((await act('revoke', { username: 'ada@contoso.example' })).status).to.equal(303);
      const refused = await client.refresh(text(body, 'refresh_token'));
      expect(refused.body['error_codes']).to.deep.equal([50173]);
      await act('api-outage', { api: 'graph', outage: '500' });
      expect(await (await fetch(sandbox.operatorUrl)).text()).to.contain('graph: 500');
      await act('mend-all', {});
      expect(await (await fetch(sandbox.operatorUrl)).text()).not.to.contain('graph: 500');
    });

    it('shows how often the tenant is still throttled', async () => {
      await act('throttle-tenant', { count: '3', retryAfterSeconds: '7' });
      const page = async () => (await fetch(sandbox.operatorUrl)).text();
      expect(await page()).to.contain('authority: 3 more answers of AADSTS90055');
      await act('mend-all', {});
      expect(await page()).not.to.contain('more answers of AADSTS90055');
    });

    it('takes every action it shows, with the fields it shows', async () => {
      const page = await (await fetch(sandbox.operatorUrl)).text();
      const forms = [...page.matchAll(/action="\/operator\/([^"]+)"[^>]*>(.*?)<\/form>/gs)];
      expect(forms.length).to.be.greaterThan(15);
      for (const [, action = '', markup = ''] of forms.filter(([, name]) => name !== 'latency')) {
        const fields: Record<string, string> = {};
        for (const [, name = '', choice = ''] of markup.matchAll(
          /<select name="([^"]+)"><option>([^<]*)/g,
        )) {
          fields[name] = choice;
        }
        for (const [, name = '', value = ''] of markup.matchAll(
          /<input name="([^"]+)" value="([^"]*)"/g,
        )) {
          fields[name] = value;
        }
        expect((await act(action, fields)).status, action).to.equal(303);
      }
    });

    it('refuses fields it does not know and forms of other sites', async () => {
      expect((await act('revoke', { username: 'nobody@contoso.example' })).status).to.equal(400);
      expect((await act('latency', { latencyMs: '-1' })).status).to.equal(400);
      expect((await act('no-such', {})).status).to.equal(404);
      const foreign = { 'sec-fetch-site': 'cross-site' };
      expect((await act('expire-access-tokens', {}, foreign)).status).to.equal(404);
    });
  });
});
