/** What the doctor finds at the hosts of the APIs and at the site's own public URL. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { certificateWarning } from '../../scripts/doctor/ask-host.ts';
import { checkApis } from '../../scripts/doctor/check-apis.ts';
import { checkPublicUrl } from '../../scripts/doctor/check-public-url.ts';
import { networkTrouble } from '../../scripts/doctor/network-trouble.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { goodEnv } from '../config/config-rig.ts';
import { makeCertificates } from '../support/certificates.ts';
import { startSite } from '../support/site.ts';
import { freePort } from '../support/site-process.ts';
import { findingsOf, runDoctor, wellEnvironment, wordsOf } from './doctor-rig.ts';

/** A server that answers everything with one status. */
async function answering(status: number, body = '') {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

const apiAt = (url: string) => ({ ...goodEnv, DownstreamApis__Graph__BaseUrl: url });

describe('The doctor, of the APIs', () => {
  it('takes any answer for a sign of life, but for 5xx, and sends no token', async () => {
    const [well, ill] = [await answering(401), await answering(503)];
    const [ok] = await findingsOf(checkApis, apiAt(`${well.url}/v1.0`));
    const [warning] = await findingsOf(checkApis, apiAt(ill.url));
    well.close();
    ill.close();
    expect(ok).to.deep.include({ result: 'ok', subject: 'Graph' });
    expect(ok?.seen).to.match(/\/v1\.0 answers HTTP 401 in \d+ ms/);
    expect(warning).to.have.property('result', 'warning');
    expect(warning?.seen).to.include('HTTP 503');
    expect(warning?.mend?.command).to.match(/^curl /);
  });

  it('prints a command that hands over a wild path as it is', async () => {
    const ill = await answering(503);
    const path = "/v1.0/it's$(touch%20pwned);touch&x`id`";
    const [warning] = await findingsOf(checkApis, apiAt(`${ill.url}${path}`));
    ill.close();
    expect(wordsOf(warning?.mend?.command)).to.deep.equal([
      ...['curl', '-si', new URL(path, ill.url).href],
    ]);
  });

  it('names a host that does not resolve and one that refuses, each by its API', async () => {
    const port = await freePort();
    const findings = await findingsOf(checkApis, {
      ...apiAt('https://graph.invalid/v1.0'),
      DownstreamApis__Todos__BaseUrl: `http://127.0.0.1:${port}`,
      DownstreamApis__Todos__Scopes: 'api://todos/Read',
    });
    expect(findings.map(({ result, subject }) => [subject, result])).to.deep.equal([
      ['Graph', 'failed'],
      ['Todos', 'failed'],
    ]);
    expect(findings[0]?.seen).to.match(/graph\.invalid/);
    expect(findings[0]?.mend?.command).to.equal('getent hosts graph.invalid');
    expect(findings[1]?.seen).to.include(`127.0.0.1:${port} refuses connections`);
    expect(findings[1]?.mend?.text).to.include('the BaseUrl of Todos');
  });

  it('asks nothing of an API that the configuration has faults in', async () => {
    const [finding] = await findingsOf(checkApis, apiAt('http://graph.example'));
    expect(finding).to.have.property('result', 'skipped');
  });

  it('warns of a certificate that ends soon, and fails one of an authority unknown here', async () => {
    const days = 5;
    const certificates = makeCertificates('DNS:localhost,IP:127.0.0.1', { days });
    const { key, cert, caFile } = certificates;
    const sandbox = await startSandbox({ tls: { key, cert }, publicHost: 'localhost' });
    const { origin } = new URL(sandbox.url);
    const env = { ...wellEnvironment(sandbox), Site__PublicUrl: origin };
    const knowing = await runDoctor(['--json'], { ...env, NODE_EXTRA_CA_CERTS: caFile });
    const unknowing = await findingsOf(checkApis, env);
    await sandbox.close();
    const { findings }: { findings: { check: string; result: string; seen: string }[] } =
      JSON.parse(knowing.output);
    const ofApis = findings.filter(({ check }) => check === 'APIs');
    expect(ofApis.map(({ result }) => result)).to.deep.equal(['ok', 'warning', 'ok', 'warning']);
    expect(ofApis[1]?.seen).to.match(/certificate of localhost:\d+ expires in 4 days, on 20/);
    const [, ofSite] = findings.filter(({ check }) => check === 'public URL');
    expect(ofSite?.seen).to.include('certificate of localhost');
    expect(ofSite?.result).to.equal('warning');
    expect(unknowing[0]).to.have.property('result', 'failed');
    expect(unknowing[0]?.seen).to.include('authority that this machine does not know');
    expect(unknowing[0]?.mend?.text).to.include('NODE_EXTRA_CA_CERTS');
  }).timeout(20_000);

  it('says nothing of a certificate that lasts', () => {
    const [url, now, day] = [new URL('https://graph.example'), Date.now(), 86_400_000];
    const warningAt = (certificateEndsAt: number) =>
      certificateWarning({ status: 200, certificateEndsAt }, url, now);
    expect(warningAt(now + 15 * day)).to.equal(undefined);
    expect(warningAt(now + 13 * day))
      .to.have.property('seen')
      .that.includes('13 days');
  });
});

describe('The doctor, of a network’s troubles', () => {
  it('tells the kinds apart by their codes, wherever those are kept', () => {
    const url = new URL('https://host.example/path');
    const seen = (error: unknown) => networkTrouble(error, url, 'AzureAd:Instance').seen;
    const coded = (code: string) => Object.assign(new Error('canary'), { code });
    expect(seen(coded('EAI_AGAIN'))).to.include('No name server answers');
    expect(seen(new TypeError('x', { cause: coded('CERT_HAS_EXPIRED') }))).to.include(
      'has expired',
    );
    expect(seen(coded('ERR_TLS_CERT_ALTNAME_INVALID'))).to.include('another host');
    expect(seen(new AggregateError([coded('ECONNREFUSED')]))).to.include(
      'host.example:443 refuses',
    );
    expect(seen(new DOMException('x', 'TimeoutError'))).to.include('in time');
    expect(seen(coded('ECONNRESET'))).to.equal(
      'The exchange with host.example:443 broke (ECONNRESET).',
    );
    expect(seen('canary')).to.equal('The exchange with host.example:443 broke (unknown).');
  });
});

describe('The doctor’s commands for a network', () => {
  it('hand over wild names and paths as they are', () => {
    const url = new URL("https://a$(id)&b;c/it's$(id);x&y");
    for (const code of ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ETIMEDOUT', 'ECONNRESET']) {
      const error = Object.assign(new Error('x'), { code });
      const { command } = networkTrouble(error, url, 'BaseUrl').mend;
      const last = command?.startsWith('getent') ? url.hostname : url.href;
      expect(wordsOf(command).at(-1), code).to.equal(last);
    }
    const error = Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' });
    const { command = '' } = networkTrouble(error, url, 'BaseUrl').mend;
    const [connect = ''] = command.split(' </dev/null | ');
    expect(wordsOf(connect)).to.deep.equal([
      ...['openssl', 's_client', '-connect', `${url.hostname}:443`, '-servername', url.hostname],
    ]);
  });
});

describe('The doctor, of the public URL', () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await startSandbox();
  });
  after(async () => {
    await sandbox.close();
  });

  it('finds the site that runs there', async () => {
    const env = wellEnvironment(sandbox, await freePort());
    const site = await startSite(env);
    const [finding] = await findingsOf(checkPublicUrl, env);
    await site.close();
    expect(finding).to.have.property('result', 'ok');
  });

  it('only warns where nothing answers, or something else does', async () => {
    const env = wellEnvironment(sandbox, await freePort());
    const [nothing] = await findingsOf(checkPublicUrl, env);
    expect(nothing).to.have.property('result', 'warning');
    expect(nothing?.mend?.text).to.match(/^Nothing, if the site is not started yet/);
    for (const [status, body] of [
      [200, '{"status":"up"}'],
      [404, '{"status":"live"}'],
    ] as const) {
      const other = await answering(status, body);
      const [finding] = await findingsOf(checkPublicUrl, { ...env, Site__PublicUrl: other.url });
      other.close();
      expect(finding).to.have.property('result', 'warning');
      expect(finding?.seen).to.include(`HTTP ${status}, and not as this site does`);
    }
  });
});
