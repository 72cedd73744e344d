/** `npm run doctor`, run as an operator runs it: exit statuses, what is printed, what is left behind. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { aKey, folderWith, goodFile } from '../config/config-rig.ts';
import { startSite } from '../support/site.ts';
import { aFolder, freePort } from '../support/site-process.ts';
import { runDoctor, wellEnvironment } from './doctor-rig.ts';

const mend = z.strictObject({
  text: z.string(),
  portal: z.string().optional(),
  command: z.string().optional(),
});
/** The promised shape of `--json`. */
const reportSchema = z.strictObject({
  version: z.literal(1),
  result: z.enum(['ok', 'warning', 'failed']),
  at: z.iso.datetime(),
  tookMs: z.number(),
  counts: z.strictObject({
    ok: z.number(),
    warning: z.number(),
    failed: z.number(),
    skipped: z.number(),
  }),
  findings: z.array(
    z.strictObject({
      check: z.string(),
      result: z.enum(['ok', 'warning', 'failed', 'skipped']),
      subject: z.string().optional(),
      seen: z.string(),
      mend: mend.optional(),
      tookMs: z.number().optional(),
    }),
  ),
});

describe('npm run doctor', () => {
  let sandbox: Sandbox;
  let env: Record<string, string>;
  before(async () => {
    sandbox = await startSandbox();
  });
  after(async () => {
    await sandbox.close();
  });
  beforeEach(async () => {
    env = wellEnvironment(sandbox, await freePort());
  });

  it('finds all well beside a running site, and exits with 0', async () => {
    const site = await startSite(env);
    const { status, output, errors } = await runDoctor(['--json'], env);
    await site.close();
    expect(errors).to.equal('');
    expect(status).to.equal(0);
    const { result, findings } = reportSchema.parse(JSON.parse(output));
    expect(result, output).to.equal('ok');
    expect([...new Set(findings.map(({ check }) => check))]).to.deep.equal([
      ...['configuration', 'discovery', 'clock', 'credentials', 'registration'],
      ...['public URL', 'store', 'key ring', 'APIs'],
    ]);
    const store = findings.find(({ check }) => check === 'store');
    expect(store?.seen).to.include('lease');
  }).timeout(20_000);

  it('exits with 0 for warnings, and prints a table without colours', async () => {
    const folder = aFolder();
    const { status, output } = await runDoctor([], env, folder);
    expect(status).to.equal(0);
    expect(output).to.match(/^ok {7}configuration {2}No faults; 2 APIs\.$/m);
    expect(output).to.match(/^warning {2}public URL/m);
    expect(output).to.match(/^0 failed, 1 warning, \d+ ok, 2 skipped, in \d+\.\d s\.$/m);
    expect(output).not.to.include('\u001b');
    expect(readdirSync(folder), 'left behind').to.deep.equal([]);
  });

  it('exits with 1 for missing keys in production, and checks what does not need them', async () => {
    const { TokenCache__EncryptionKeys__0: _, ...without } = env;
    const { status, output } = await runDoctor([], {
      ...without,
      Site__PublicUrl: 'https://site.invalid',
      Site__TrustProxy: 'true',
    });
    expect(status).to.equal(1);
    const text = output.replace(/\s+/g, ' ');
    expect(text).to.include('TokenCache:EncryptionKeys is missing');
    expect(text).to.include('openssl rand -base64 32');
    expect(text).to.include('skipped key ring');
    expect(output).to.match(/^ok {7}discovery/m);
  }).timeout(20_000);

  it('reads the file that --config names, and tells of bad JSON in it', async () => {
    const folder = folderWith({
      'mine.json': JSON.stringify({ ...goodFile(), Session: { IdleMinuts: 5 } }),
      'bad.json': '{ "Site": { "Port": 1 "TrustProxy": true ',
    });
    const args = (file: string) => ['--config', file];
    const overlay = { ...env };
    const mine = await runDoctor(args('mine.json'), overlay, folder);
    expect(mine.output).to.include('Session:IdleMinuts is not a key');
    const bad = await runDoctor(args('bad.json'), {}, folder);
    expect(bad.status).to.equal(1);
    expect(bad.output).to.match(/bad\.json cannot be read at line 1/);
    expect(bad.output).to.match(/skipped {2}store/);
    const missing = await runDoctor(args('missing.json'), {}, folder);
    expect(missing.status).to.equal(1);
    expect(missing.output.replace(/\s+/g, '')).to.include('missing.jsondoesnotexist');
  }).timeout(20_000);

  it('looks at the keys of this machine where the site made them, and makes none', async () => {
    const folder = aFolder();
    const { TokenCache__EncryptionKeys__0: _, TokenCache__IndexKey: __, ...without } = env;
    const none = await runDoctor([], without, folder);
    expect(none.output).to.match(/^skipped {2}key ring/m);
    expect(readdirSync(folder)).to.deep.equal([]);
    mkdirSync(join(folder, '.local'));
    const keys = { encryptionKeys: [aKey(5)], indexKey: aKey(6) };
    writeFileSync(join(folder, '.local/keys.json'), JSON.stringify(keys));
    const { output } = await runDoctor([], without, folder);
    expect(output).to.match(/^ok {7}key ring {7}1 key of this machine: [0-9a-f]{8} seals/m);
  });

  it('prints no secret, whatever is wrong', async () => {
    const secrets = ['canary-secret-value', 'canary-password', aKey(8), aKey(9)];
    const [secret = '', password = '', key = '', indexKey = ''] = secrets;
    const broken = {
      ...env,
      AzureAd__ClientSecret: secret,
      AzureAd__TenantId: 'contoso.exampel',
      TokenCache__Store: `redis://user:${password}@127.0.0.1:1`,
      TokenCache__EncryptionKeys__0: key,
      TokenCache__IndexKey: indexKey,
    };
    for (const [more, args] of [
      [{}, []],
      [{ Site__Prot: '1' }, ['--json']],
      [{ TokenCache__Store: `redsi://u:${password}@h` }, []],
    ] as const) {
      const { output, errors } = await runDoctor(args, { ...broken, ...more });
      expect(output).to.include('AADSTS90002');
      for (const text of secrets) expect(output + errors).not.to.include(text);
    }
  }).timeout(30_000);

  it('says how it is called: with 0 when asked, with 2 when it was called wrongly', async () => {
    const help = await runDoctor(['--help'], {});
    expect(help.status).to.equal(0);
    expect(help.output).to.include('Usage: npm run doctor').and.include('Exit status');
    expect(help.output).to.include('no record').and.include('empty table, as a start would');
    expect(help.output).to.include('custom-assertion').and.include('is loaded');
    for (const args of [['--jsn'], ['--config'], ['extra']]) {
      const wrong = await runDoctor(args, env);
      expect(wrong.status).to.equal(2);
      expect(wrong.output).to.equal('');
      expect(wrong.errors).to.include('Usage:');
      expect(wrong.errors).not.to.match(/^\s+at /m);
    }
  }).timeout(20_000);
});
