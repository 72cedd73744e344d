/** The doctor's report: what is run, what is shown of it, and what never is. */
import { expect } from 'chai';
import { type Check, isFaulty } from '../../scripts/doctor/check.ts';
import { checkConfiguration } from '../../scripts/doctor/check-configuration.ts';
import { hideSecrets } from '../../scripts/doctor/hide-secrets.ts';
import { reportAsTable } from '../../scripts/doctor/report-as-table.ts';
import { shellWord } from '../../scripts/shell-word.ts';
import { examineSettings } from '../../src/config/load-settings.ts';
import { Unavailable } from '../../src/errors.ts';
import { aKey, goodEnv } from '../config/config-rig.ts';
import { aFolder } from '../support/site-process.ts';
import { diagnose, findingsOf, wordsOf } from './doctor-rig.ts';

const saying = (name: string, result: 'ok' | 'warning' | 'failed' | 'skipped'): Check => ({
  name,
  run: async () => [{ result, seen: `It is ${result}.` }],
});
const examine = (env: Record<string, string>) =>
  examineSettings({ env, directory: aFolder(), mayWrite: false });

describe('The doctor’s report', () => {
  it('is as bad as the worst finding', async () => {
    const resultOf = async (...checks: Check[]) => (await diagnose(goodEnv, { checks })).result;
    const [ok, warning] = [saying('a', 'ok'), saying('b', 'warning')];
    expect(await resultOf(ok, saying('c', 'skipped'))).to.equal('ok');
    expect(await resultOf(ok, warning)).to.equal('warning');
    expect(await resultOf(ok, saying('c', 'failed'), warning)).to.equal('failed');
  });

  it('keeps the order of the checks, which run side by side', async () => {
    const gate = Promise.withResolvers<void>();
    const first: Check = {
      name: 'first',
      run: async () => {
        await gate.promise;
        return [{ result: 'ok', seen: 'It waited for the second.' }];
      },
    };
    const second: Check = {
      name: 'second',
      run: async () => {
        gate.resolve();
        return [{ result: 'ok', seen: 'It let the first go.' }];
      },
    };
    const { findings, counts } = await diagnose(goodEnv, { checks: [first, second] });
    expect(findings.map(({ check }) => check)).to.deep.equal(['first', 'second']);
    expect(counts).to.deep.equal({ ok: 2, warning: 0, failed: 0, skipped: 0 });
  });

  it('makes a finding of a check that throws or never ends, and repeats no strange message', async () => {
    const checks: Check[] = [
      {
        name: 'endless',
        run: () => new Promise(() => undefined),
      },
      {
        name: 'broken',
        run: async () => {
          throw Object.assign(new TypeError('canary'), { code: 'ERR_X' });
        },
      },
      {
        name: 'foreseen',
        run: async () => {
          throw new Unavailable('It is busy.');
        },
      },
    ];
    const { findings } = await diagnose(goodEnv, { checks, limitMs: 20 });
    expect(findings.map(({ result, seen }) => [result, seen])).to.deep.equal([
      ['failed', 'It did not end within 0.02 s.'],
      ['failed', 'The check broke (TypeError ERR_X).'],
      ['failed', 'It is busy.'],
    ]);
  });

  it('has every fault and warning of the configuration, each with its fix', async () => {
    const env = { ...goodEnv, AzureAd__ClientId: 'x', Site__Prot: '1', AzureAd__Domain: 'd' };
    const anId = { AzureAd__ClientSecret: crypto.randomUUID() };
    const findings = await findingsOf(checkConfiguration, { ...env, ...anId });
    const failed = findings.filter(({ result }) => result === 'failed');
    expect(failed.map(({ subject }) => subject)).to.have.members(['AzureAd:ClientId', 'Site:Prot']);
    expect(failed.find(({ subject }) => subject === 'Site:Prot')?.mend?.text).to.match(
      /Did you mean/,
    );
    const warned = findings.filter(({ result }) => result === 'warning');
    expect(
      warned.map(({ subject, mend }) => [subject, mend?.text.split(/[ ;]/, 5).join(' ')]),
    ).to.deep.equal([
      ['AzureAd:ClientSecret', 'Set it to the Value'],
      ['AzureAd:Domain', 'Remove it, unless another program'],
    ]);
    const [fine] = await findingsOf(checkConfiguration, goodEnv);
    expect(fine).to.deep.include({ result: 'ok', seen: 'No faults; 1 API.' });
  });

  it('knows a fault at a key and below it, and not at one that only begins alike', () => {
    const examined = examine({ ...goodEnv, TokenCache__EncryptionKeys__1: 'x' });
    expect(isFaulty(examined, 'TokenCache:EncryptionKeys')).to.equal(true);
    expect(isFaulty(examined, 'TokenCache:Encryption')).to.equal(false);
  });

  describe('hides', () => {
    const store = 'redis://user:can%21ary@host:6379';
    const env = {
      ...goodEnv,
      AzureAd__ClientSecret: 'canary-secret',
      TokenCache__Store: store,
      DownstreamApis__Graph__ExtraHeaderParameters__Key: 'canary-header',
    };
    const secrets = ['canary-secret', 'can%21ary', 'can!ary', 'canary-header', aKey(1), aKey(2)];

    it('every secret of the settings, however it came into a text', async () => {
      const check: Check = {
        name: 'leaking',
        run: async () =>
          secrets.map((secret) => ({
            result: 'failed',
            seen: `It said ${secret}.`,
            mend: { text: `Do ${secret}`, command: `curl ${encodeURIComponent(secret)}` },
          })),
      };
      const report = JSON.stringify(await diagnose(env, { checks: [check] }));
      for (const secret of secrets) {
        expect(report).not.to.include(secret);
        expect(report).not.to.include(encodeURIComponent(secret));
      }
      expect(report).to.include('It said ***.');
    });

    it('them of a configuration with faults, too, and nothing that is no secret', () => {
      const hide = hideSecrets(examine({ ...env, AzureAd__ClientId: 'x' }));
      for (const secret of secrets.slice(0, 4)) expect(hide(`a ${secret} b`)).to.equal('a *** b');
      expect(hide('redis://host:6379 and user')).to.equal('redis://host:6379 and user');
    });

    it('of the query of the store what is named as a secret, and no ordinary word', () => {
      const query =
        'sslmode=require&application_name=store&max_connections=10000' +
        '&sslpassword=canary%21ssl&authToken=canary-token&api_key=canary-key&pwd=canary-pwd' +
        '&sslkey=/etc/concierge.key&encrypt=canary';
      const uri = `postgres://user@db.example/store?${query}`;
      const hide = hideSecrets(examine({ ...goodEnv, TokenCache__Store: uri }));
      for (const word of ['store', 'require', '10000', 'TokenCache:Store', '/etc/concierge.key']) {
        expect(hide(`the ${word} of`)).to.equal(`the ${word} of`);
      }
      for (const secret of [
        'canary!ssl',
        'canary%21ssl',
        'canary-token',
        'canary-key',
        'canary-pwd',
      ]) {
        expect(hide(`the ${secret} of`)).to.equal('the *** of');
      }
    });

    it('what a terminal would obey', () => {
      expect(hideSecrets(examine(goodEnv))('a\u001b[2Jb\r\nc')).to.equal('a [2Jb c');
    });
  });

  describe('as a table', () => {
    const command = `az ad app update --id x --web-redirect-uris ${Array(6).fill('https://site.example/callback').join(' ')}`;
    const checks: Check[] = [
      saying('short', 'ok'),
      {
        name: 'longer name',
        run: async () => [
          {
            result: 'failed',
            seen: Array(30).fill('word').join(' '),
            mend: { text: Array(30).fill('mend').join(' '), portal: 'A > B', command },
          },
          { result: 'skipped', subject: 'Graph', seen: 'Not seen.' },
        ],
      },
    ];

    it('fits 100 columns, names each check once, and has no colour unless it is painted', async () => {
      const report = await diagnose(goodEnv, { checks });
      const table = reportAsTable(report);
      const lines = table.split('\n');
      expect(Math.max(...lines.map(({ length }) => length))).to.be.at.most(100);
      expect(lines[0]).to.equal('ok       short        It is ok.');
      expect(lines[1]).to.match(/^FAILED {3}longer name {2}word word/);
      expect(table.match(/longer name/g)).to.have.length(1);
      expect(table).to.include('\nskipped               Graph: Not seen.');
      expect(lines.at(-1)).to.match(/^1 failed, 0 warnings, 1 ok, 1 skipped, in \d\.\d s\.$/);
      expect(table).not.to.match(/\p{Cc}(?<!\n)/u);
      expect(reportAsTable(report, (result, word) => `<${result}>${word}`)).to.include(
        '<failed>FAILED',
      );
    });

    it('breaks a command so that a shell takes it as one line', async () => {
      const table = reportAsTable(await diagnose(goodEnv, { checks }));
      const [, copied = ''] = /Command: ((?:.* \\\n)*.*)\n/.exec(table) ?? [];
      expect(copied).to.include(' \\\n');
      expect(copied.replace(/ \\\n */g, ' ')).to.equal(command);
    });

    it('breaks no word of a command that holds spaces', async () => {
      const folder = `/it's ${'a very long "folder" '.repeat(6)}`;
      const finding = { result: 'failed', seen: 'No.' } as const;
      const long = `ls -l -d -- ${shellWord(folder)} ${shellWord(folder)}`;
      const check = {
        name: 'long',
        run: async () => [{ ...finding, mend: { text: 'Look.', command: long } }],
      };
      const table = reportAsTable(await diagnose(goodEnv, { checks: [check] }));
      const [, copied = ''] = /Command: ((?:.* \\\n)*.*)\n/.exec(table) ?? [];
      expect(copied).to.include(' \\\n');
      expect(wordsOf(copied)).to.deep.equal(['ls', '-l', '-d', '--', folder, folder]);
    });
  });
});
