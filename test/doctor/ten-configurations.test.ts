/** Ten configurations, each broken in one place: what the doctor says of them is what the README has. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { reportAsTable } from '../../scripts/doctor/report-as-table.ts';
import type { Report } from '../../scripts/doctor/run-checks.ts';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { aCertificate, PASSWORD } from '../config/a-certificate.ts';
import { aFolder, freePort } from '../support/site-process.ts';
import { diagnose, wellEnvironment } from './doctor-rig.ts';

type Environment = Readonly<Record<string, string>>;

const EXPIRED = 'an old one';
const HEAD = '| broken | failed | to do |\n|---|---|---|\n';

describe('The doctor, of ten broken configurations', () => {
  let sandbox: Sandbox;
  let well: Environment;
  let broken: readonly (readonly [what: string, changes: Environment])[];
  /** What differs from run to run, and what stands for it in the README. */
  let samples: readonly (readonly [found: string, sample: string])[];

  before(async () => {
    const expired = { secretId: 'two', value: EXPIRED, expiresAt: Date.now() - 1000 };
    const secrets = [...demoApp.secrets.map(asSecret), expired];
    sandbox = await startSandbox({ apps: [{ ...demoApp, secrets }] });
    const ports = { site: await freePort(), authority: await freePort(), store: await freePort() };
    const folder = aFolder();
    well = { ...wellEnvironment(sandbox, ports.site), AzureAd__TenantId: 'contoso.example' };
    broken = brokenOnes(folder, ports);
    samples = [
      [new URL(well['AzureAd__Instance'] ?? '').host, '127.0.0.1:4400'],
      [`localhost:${ports.site}`, 'localhost:4000'],
      [`127.0.0.1:${ports.authority}`, '127.0.0.1:4499'],
      [`127.0.0.1:${ports.store}`, '127.0.0.1:4498'],
      [`${folder}/`, '/etc/concierge/'],
      // Where there is no name server at all.
      ['EAI_AGAIN', 'ENOTFOUND'],
    ];
  });
  after(() => sandbox.close());

  const rowOf = ([what, report]: readonly [string, Report]): string => {
    const failed = report.findings.filter(({ result }) => result === 'failed');
    const bySeen = Map.groupBy(failed, ({ seen }) => seen);
    const seen = [...bySeen].map(([text, findings]) => {
      return `${[...new Set(findings.map(({ check }) => check))].join(', ')}: ${text}`;
    });
    const todo = new Set(failed.map(({ mend }) => mend?.text ?? 'nothing'));
    const row = `| ${[what, seen.join('<br>'), [...todo].join('<br>')].join(' | ')} |`;
    return samples.reduce((text, [found, sample]) => text.replaceAll(found, sample), row);
  };

  it('prints what the README says, of each', async () => {
    const readme = readFileSync('README.md', 'utf8');
    const part = /<!-- ten configurations -->\n([\s\S]*?)\n<!-- end of ten configurations -->/;
    const reports: (readonly [string, Report])[] = [];
    for (const [what, changes] of broken) {
      reports.push([what, await diagnose({ ...well, ...changes })]);
    }
    const table = `${HEAD}${reports.map(rowOf).join('\n')}`;
    expect(part.exec(readme)?.[1]?.trim(), 'put this between its markers in README.md').to.equal(
      table,
    );
  }).timeout(20_000);

  it('goes on with what it can, and has something to do for each failure', async () => {
    for (const [what, changes] of broken) {
      const report = await diagnose({ ...well, ...changes });
      expect(report.result, what).to.equal('failed');
      // Lines are joined: a table breaks them anywhere.
      const text = reportAsTable(report).replace(/\s+/g, ' ');
      expect(text)
        .to.include('To do:')
        .and.match(/ [12] failed, /);
      expect(text).to.match(/ok key ring 1 key: /);
    }
    const fine = await diagnose(well);
    expect(fine.counts.failed, 'where nothing is broken').to.equal(0);
  }).timeout(20_000);
});

function asSecret(value: string) {
  return { secretId: 'one', value };
}

function brokenOnes(
  folder: string,
  ports: Readonly<Record<'authority' | 'store', number>>,
): readonly (readonly [string, Environment])[] {
  const file = (name: string, content: string | Buffer) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return {
      AzureAd__ClientSecret: '',
      AzureAd__ClientCredentials__0__SourceType: 'Path',
      AzureAd__ClientCredentials__0__CertificateDiskPath: path,
    };
  };
  const pair = aCertificate();
  return [
    ['a tenant misspelt', { AzureAd__TenantId: 'contoso.exampel' }],
    [
      'an authority that is not there',
      { AzureAd__Instance: `http://127.0.0.1:${ports.authority}` },
    ],
    ['a wrong client ID', { AzureAd__ClientId: 'aaaaaaaa-1111-4222-8333-444444444444' }],
    ['a wrong secret', { AzureAd__ClientSecret: 'not it' }],
    ['an expired secret', { AzureAd__ClientSecret: EXPIRED }],
    ['a certificate that is not registered', file('site.pem', pair.privateKey + pair.certificate)],
    [
      'a PFX of another password',
      {
        ...file('site.pfx', pair.lockedPfx),
        AzureAd__ClientCredentials__0__CertificatePassword: PASSWORD,
      },
    ],
    ['another callback path', { AzureAd__CallbackPath: '/login/callback' }],
    ['a store that is not there', { TokenCache__Store: `redis://127.0.0.1:${ports.store}` }],
    ['an API that is nowhere', { DownstreamApis__Graph__BaseUrl: 'https://graph.invalid' }],
  ];
}
