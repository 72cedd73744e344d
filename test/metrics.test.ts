/** What a monitoring system is told, and where. */
import { expect } from 'chai';
import type { CredentialStatus } from '../src/credentials/credential-status.ts';
import { createMetrics } from '../src/metrics.ts';
import { goodEnv } from './config/config-rig.ts';
import { freePort, runMain, startSiteProcess } from './support/site-process.ts';

const first: CredentialStatus = {
  ...{ key: 'AzureAd:ClientCredentials:0', sourceType: 'Path', state: 'refused', refusals: 3 },
  ...{ problem: 'refused', fix: 'Mend it.', thumbprint: 'AB12', expiresAt: 1_800_000_000_000 },
};
const second: CredentialStatus = {
  ...{ key: 'AzureAd:ClientSecret', sourceType: 'ClientSecret', state: 'usable', refusals: 0 },
  ...{ problem: undefined, fix: undefined, thumbprint: undefined, expiresAt: undefined },
};

describe('The metrics', () => {
  it('tell of each credential its end, its state and how often it was refused', async () => {
    const credentials = { status: [first, second], inUse: second.key };
    const metrics = createMetrics({ credentials, now: () => 0 });
    const text = await metrics.metrics();
    const labels = '{credential="AzureAd:ClientCredentials:0",source_type="Path"}';
    const ofSecond = '{credential="AzureAd:ClientSecret",source_type="ClientSecret"}';
    for (const line of [
      `concierge_client_credential_expiry_timestamp_seconds${labels} 1800000000`,
      `concierge_client_credential_usable${labels} 0`,
      `concierge_client_credential_usable${ofSecond} 1`,
      `concierge_client_credential_in_use${labels} 0`,
      `concierge_client_credential_in_use${ofSecond} 1`,
      `concierge_client_credential_refusals_total${labels} 3`,
      `concierge_client_credential_refusals_total${ofSecond} 0`,
    ]) {
      expect(text.split('\n')).to.include(line);
    }
    expect(text).to.not.contain(`expiry_timestamp_seconds${ofSecond}`);
    expect(await metrics.metrics(), 'asked again, the same').to.contain(
      `refusals_total${labels} 3`,
    );
  });

  it('tell of a problem where something is wrong, and from 30 days before a certificate expires', async () => {
    const now = 1_700_000_000_000;
    const day = 24 * 3_600_000;
    const ending = (key: string, days: number) => ({ ...second, key, expiresAt: now + days * day });
    const spoilt = { ...second, key: 'spoilt', problem: 'its file is gone' };
    const status = [second, spoilt, ending('soon', 29.9), ending('later', 30.1)];
    const text = await createMetrics({
      ...{ credentials: { status, inUse: undefined }, now: () => now },
    }).metrics();
    const problems = text.matchAll(/_problem\{credential="([^"]+)".*\} (\d)/g);
    expect([...problems].map(([, key, value]) => `${key} ${value}`)).to.deep.equal([
      ...['AzureAd:ClientSecret 0', 'spoilt 1', 'soon 1', 'later 0'],
    ]);
    expect(text)
      .to.match(/_problem 1 .*, or it expires within 30 days/)
      .and.contain('0 while a credential cannot be used or is refused by the authority');
  });

  it('are answered on a port of their own, and not on the site’s', async () => {
    const [port, metricsPort] = [await freePort(), await freePort()];
    const site = await startSiteProcess(
      { ...goodEnv, Site__MetricsPort: String(metricsPort) },
      port,
    );
    try {
      const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
      expect(answer.status).to.equal(200);
      expect(answer.headers.get('content-type')).to.contain('version=0.0.4');
      expect(await answer.text())
        .to.contain('concierge_client_credential_usable')
        .and.contain('process_cpu_seconds_total');
      expect((await fetch(`http://127.0.0.1:${metricsPort}/`)).status).to.equal(404);
      expect((await fetch(`http://localhost:${port}/metrics`)).status).to.equal(404);
    } finally {
      await site.stop();
    }
  });

  it('may not be on the site’s own port', async () => {
    const env = { ...goodEnv, Site__Port: '4000', Site__MetricsPort: '4000' };
    const { status, output } = await runMain(env, ['--check']);
    expect(status).to.equal(1);
    expect(output).to.contain('Site:MetricsPort');
  });
});
