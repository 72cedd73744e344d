/** The commands that register the site, run in a real bash; only `az` is a stand-in. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { registerApp } from '../scripts/register-app/register-app.ts';
import { loadSettings } from '../src/config/load-settings.ts';
import { aKey, folderWith } from './config/config-rig.ts';
import {
  type AzRun,
  CLIENT_ID,
  callOf,
  runWithFakeAz,
  SECRET,
  TENANT_ID,
  valuesOf,
} from './support/fake-az.ts';

interface Surroundings {
  /** What appsettings.json holds. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
}

const SITE = ['--public-url', 'https://your.site'] as const;
const GRAPH_APP = '00000003-0000-0000-c000-000000000000';

function register(args: readonly string[], { settings, env = {}, folder }: Surroundings = {}) {
  const directory =
    folder ?? folderWith(settings ? { 'appsettings.json': JSON.stringify(settings) } : {});
  const [out, said]: [string[], string[]] = [[], []];
  const status = registerApp(args, {
    ...{ env, directory, now: Date.now() },
    print: (text) => out.push(`${text}\n`),
    // A bug would come as an error with its stack.
    say: (text) => said.push(`${text instanceof Error ? text.stack : text}\n`),
  });
  return { status, stdout: out.join(''), stderr: said.join(''), folder: directory };
}

/** Both: what it prints, run. Without a certificate, which takes its time, unless one is asked for. */
function registered(args: readonly string[], surroundings: Surroundings = {}) {
  const secret = args.includes('--certificate') ? [] : ['--secret'];
  const printed = register([...args, ...secret], surroundings);
  expect(printed.stderr.replace(/^Made .*\n/, '')).to.equal('');
  const run = runWithFakeAz(printed.stdout);
  expect(run.status, run.stderr).to.equal(0);
  return { ...run, printed };
}

const settingsSchema = z.object({
  Site: z.object({ PublicUrl: z.string() }),
  AzureAd: z.record(z.string(), z.unknown()),
  DownstreamApis: z.record(z.string(), z.unknown()).optional(),
});
const settingsOf = ({ stdout }: AzRun) => settingsSchema.parse(JSON.parse(stdout));
const claimsOf = (run: AzRun) =>
  z
    .object({ idToken: z.array(z.object({ name: z.string(), essential: z.literal(false) })) })
    .strict()
    .parse(JSON.parse(valuesOf(callOf(run, 'ad app create'), '--optional-claims')[0] ?? ''))
    .idToken.map(({ name }) => name);

describe('npm run register-app', () => {
  describe('prints commands that', () => {
    it('register the site, complete and in order', () => {
      const { calls, stderr } = registered([...SITE, '--days', '10']);
      const endDate = calls.at(-1)?.at(-5) ?? '';
      expect(Date.parse(endDate) - Date.now()).to.be.within(9.9 * 86_400_000, 10 * 86_400_000);
      const permission = 'oauth2PermissionScopes[].[value,id]';
      expect(calls).to.deep.equal([
        ['account', 'show', '--query', 'tenantId', '--output', 'tsv'],
        [
          ...['ad', 'app', 'list', '--filter', "displayName eq 'Concierge'"],
          ...['--query', '[].appId', '--output', 'tsv'],
        ],
        ['ad', 'sp', 'show', '--id', GRAPH_APP, '--query', permission, '--output', 'tsv'],
        [
          ...['ad', 'app', 'create', '--display-name', 'Concierge'],
          ...['--sign-in-audience', 'AzureADMyOrg'],
          '--web-redirect-uris',
          ...['https://your.site/signin-oidc', 'https://your.site/signout-callback-oidc'],
          'https://your.site/admin-consent-callback',
          ...['--web-home-page-url', 'https://your.site', '--enable-id-token-issuance', 'false'],
          '--optional-claims',
          '{"idToken":[{"name":"login_hint","essential":false},{"name":"sid","essential":false},{"name":"acct","essential":false}]}',
          ...['--query', 'appId', '--output', 'tsv'],
        ],
        [
          ...['rest', '--method', 'PATCH', '--headers', 'Content-Type=application/json'],
          ...['--output', 'none'],
          ...['--url', `https://graph.microsoft.com/v1.0/applications(appId='${CLIENT_ID}')`],
          ...['--body', '{"web":{"logoutUrl":"https://your.site/signout-oidc"}}'],
        ],
        [
          ...['ad', 'app', 'permission', 'add', '--id', CLIENT_ID, '--api', GRAPH_APP],
          ...['--api-permissions', 'id-of-user-read=Scope'],
          ...['--only-show-errors', '--output', 'none'],
        ],
        ['ad', 'sp', 'create', '--id', CLIENT_ID, '--output', 'none'],
        [
          ...['ad', 'app', 'credential', 'reset', '--id', CLIENT_ID, '--append'],
          ...['--only-show-errors', '--display-name', 'concierge', '--end-date', endDate],
          ...['--query', 'password', '--output', 'tsv'],
        ],
      ]);
      for (const next of [
        'npm start -- --check',
        'npm run doctor',
        `az ad app permission admin-consent --id ${CLIENT_ID}`,
        `https://login.microsoftonline.com/${TENANT_ID}/v2.0/adminconsent?client_id=${CLIENT_ID}` +
          '&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default' +
          '&redirect_uri=https%3A%2F%2Fyour.site%2Fadmin-consent-callback&state=registration',
      ]) {
        expect(stderr).to.include(next);
      }
    });

    it('are not run by it', () => {
      const run = runWithFakeAz(
        `"${process.execPath}" "${resolve('scripts/register-app.ts')}" --secret`,
      );
      expect(run.status).to.equal(0);
      expect(run.stdout).to.include('az ad app create');
      expect(run.calls).to.deep.equal([]);
    });

    it('ask az for the ID of each permission, and make nothing if there is none', () => {
      const wanted = ['--permission', 'https://graph.microsoft.com/Mail.Read', '--permission'];
      const { calls } = registered([...SITE, ...wanted, 'User.Read']);
      const add = calls.find((call) => call[2] === 'permission') ?? [];
      expect(valuesOf(add, '--api-permissions')).to.deep.equal([
        'id-of-mail-read=Scope',
        'id-of-user-read=Scope',
      ]);
      const { stdout } = register([...SITE, '--secret', '--permission', 'Mail.Raed']);
      const run = runWithFakeAz(stdout);
      expect(run.status).to.equal(1);
      expect(run.stderr).to.equal('Microsoft Graph has no delegated permission Mail.Raed.\n');
      expect(run.calls.some((call) => call.includes('create'))).to.equal(false);
    });

    it('find permissions in whatever case they are written, each once', () => {
      const wanted = ['--permission', 'user.read', '--permission', 'User.Read'];
      const run = registered([...SITE, ...wanted, '--permission', 'MAIL.READ']);
      expect(valuesOf(callOf(run, 'ad app permission add'), '--api-permissions')).to.deep.equal([
        'id-of-user-read=Scope',
        'id-of-mail-read=Scope',
      ]);
      // A name is no pattern, and no part of another one.
      const { stdout } = register([...SITE, '--secret', '--permission', 'User.Rea']);
      expect(runWithFakeAz(stdout).status).to.equal(1);
      const alike = register([...SITE, '--secret', '--permission', 'User-Read']);
      expect(runWithFakeAz(alike.stdout).status).to.equal(1);
    });

    for (const [late, error] of [
      ['rest', 'ERROR: Not Found({"error":{"code":"Request_ResourceNotFound"}})'],
      ['ad app permission add', "ERROR: Resource 'x' does not exist or one of its queried …"],
      ['ad sp create', 'ERROR: The appId of the service principal does not reference a valid …'],
      ['ad app credential reset', "ERROR: Application 'x' doesn't exist."],
    ] as const) {
      const env = { AZ_LATE: late, AZ_LATE_ERROR: error };
      const isLate = (call: readonly string[]) => call.join(' ').startsWith(late);

      it(`try again where Entra ID does not find the new app yet: ${late}`, () => {
        const once = registered(SITE);
        const run = runWithFakeAz(once.printed.stdout, { env: { ...env, AZ_LATE_TIMES: '3' } });
        expect(run.status, run.stderr).to.equal(0);
        expect(run.calls.filter(isLate)).to.have.length(4);
        const others = (calls: AzRun['calls']) => calls.filter((call) => !isLate(call));
        expect(others(run.calls)).to.deep.equal(others(once.calls));
        expect(run.stdout).to.equal(once.stdout);
        expect(run.stderr).to.equal(once.stderr);
      });

      it(`stop where it never does, with what az said: ${late}`, () => {
        const { stdout } = register([...SITE, '--secret']);
        const run = runWithFakeAz(stdout, { env: { ...env, AZ_LATE_TIMES: '99' } });
        expect(run.status).to.equal(3);
        expect(run.calls.filter(isLate)).to.have.length(10);
        expect(run.stderr).to.include(error).and.include(`az ad app delete --id ${CLIENT_ID}`);
        expect(run.stdout).to.equal('');
      });
    }

    it('stop where an app of the name is there, which az would change', () => {
      const { stdout } = register([...SITE, '--secret']);
      const run = runWithFakeAz(stdout, { env: { AZ_EXISTING: 'its-id' } });
      expect(run.status).to.equal(1);
      expect(run.stderr).to.include('There is an app of this name already: its-id.');
      expect(run.calls.some((call) => call.includes('create'))).to.equal(false);
      expect(run.stdout).to.equal('');
    });

    it('stop at a failure, and say how to start over once something was made', () => {
      const { stdout } = register([...SITE, '--secret']);
      const early = runWithFakeAz(stdout, { env: { AZ_FAILS: 'account show' } });
      expect(early.status).to.equal(2);
      expect(early.calls).to.have.length(1);
      expect(early.stderr).not.to.include('start over');
      const late = runWithFakeAz(stdout, { env: { AZ_FAILS: 'ad app permission add' } });
      expect(late.status).to.equal(2);
      expect(late.calls.at(-1)).to.include('permission');
      expect(callOf(late, 'ad app permission add'), 'once').to.deep.equal(late.calls.at(-1));
      expect(late.stderr).to.include(`az ad app delete --id ${CLIENT_ID}`);
      expect(late.stdout, 'no settings').to.equal('');
    });

    it('leave the shell open that they are pasted into', () => {
      const { stdout } = register([...SITE, '--secret']);
      const env = { AZ_FAILS: 'ad app create' };
      const run = runWithFakeAz(`${stdout}\necho still here`, { env, pasted: true });
      expect(run.stdout).to.include('still here');
    });
  });

  describe('with --tenants', () => {
    for (const [tenants, audience, tenantId] of [
      ['single', 'AzureADMyOrg', TENANT_ID],
      ['multiple', 'AzureADMultipleOrgs', 'organizations'],
      ['multiple-and-personal', 'AzureADandPersonalMicrosoftAccount', 'common'],
      ['personal', 'PersonalMicrosoftAccount', 'consumers'],
    ] as const) {
      it(`${tenants} asks for ${audience}, and sets TenantId to fit`, () => {
        const run = registered([...SITE, '--tenants', tenants]);
        const create = callOf(run, 'ad app create');
        expect(valuesOf(create, '--sign-in-audience')).to.deep.equal([audience]);
        expect(settingsOf(run).AzureAd['TenantId']).to.equal(tenantId);
        const isPersonal = tenants.includes('personal');
        const version = valuesOf(create, '--requested-access-token-version');
        expect(version).to.deep.equal(isPersonal ? ['2'] : []);
        const hasDirectory = tenants !== 'personal';
        const principals = run.calls.filter((call) => call.join(' ').startsWith('ad sp create'));
        expect(principals).to.have.length(hasDirectory ? 1 : 0);
        expect(run.stderr.includes('adminconsent')).to.equal(hasDirectory);
      });
    }

    it('that there is not, it says which there are', () => {
      const { status, stderr } = register([...SITE, '--tenants', 'all']);
      expect(status).to.equal(1);
      expect(stderr).to.equal(
        '--tenants is one of: single, multiple, multiple-and-personal, personal.\n',
      );
    });
  });

  describe('with --cloud', () => {
    for (const [cloud, azName, instance, graph] of [
      [
        'usgov',
        'AzureUSGovernment',
        'https://login.microsoftonline.us/',
        'https://graph.microsoft.us',
      ],
      [
        'china',
        'AzureChinaCloud',
        'https://login.partner.microsoftonline.cn/',
        'https://microsoftgraph.chinacloudapi.cn',
      ],
    ] as const) {
      it(`${cloud} goes to that cloud first, and keeps to its hosts`, () => {
        const run = registered([...SITE, '--cloud', cloud]);
        expect(run.calls[0]).to.deep.equal(['cloud', 'set', '--name', azName]);
        expect(valuesOf(callOf(run, 'rest'), '--url')[0]).to.match(new RegExp(`^${graph}/v1.0/`));
        const { AzureAd, DownstreamApis } = settingsOf(run);
        expect(AzureAd['Instance']).to.equal(instance);
        expect(DownstreamApis?.['Graph']).to.deep.include({ BaseUrl: `${graph}/v1.0` });
        expect(run.stderr).to.include(`${instance}${TENANT_ID}/v2.0/adminconsent`);
        expect(run.stderr, 'az refuses it there').not.to.include('permission admin-consent');
        expect(`${run.printed.stdout}${run.stderr}`).not.to.match(
          /microsoftonline\.com|graph\.microsoft\.com/,
        );
        const personal = register([...SITE, '--cloud', cloud, '--tenants', 'personal']);
        expect(personal.status).to.equal(1);
        expect(personal.stderr).to.include('in the global cloud only');
      });
    }

    it('global changes nothing about the cloud of az', () => {
      const run = registered([...SITE, '--cloud', 'global']);
      expect(run.calls[0]?.[0]).to.equal('account');
    });
  });

  describe('with a certificate', () => {
    it('makes it here, and hands over its public part alone', () => {
      const run = registered([...SITE, '--certificate', 'keys', '--days', '400']);
      const { folder } = run.printed;
      const [file, keyFile] = [
        join(folder, 'keys/certificate.pem'),
        join(folder, 'keys/private-key.pem'),
      ];
      const reset = callOf(run, 'ad app credential reset');
      expect(valuesOf(reset, '--cert')).to.deep.equal([`@${file}`]);
      expect(reset).to.include('--append');
      expect(readFileSync(file, 'utf8')).to.match(
        /^-----BEGIN CERTIFICATE-----\n[\s\S]+-----END CERTIFICATE-----\n$/,
      );
      expect(readFileSync(file, 'utf8')).not.to.include('PRIVATE KEY');
      expect(`${run.printed.stdout}${run.printed.stderr}`).not.to.include('PRIVATE KEY');
      for (const path of [file, keyFile]) expect(statSync(path).mode & 0o777).to.equal(0o600);
      expect(statSync(join(folder, 'keys')).mode & 0o777).to.equal(0o700);

      const certificate = new X509Certificate(readFileSync(file));
      const key = createPrivateKey(readFileSync(keyFile));
      expect(certificate.checkPrivateKey(key)).to.equal(true);
      expect(certificate.verify(certificate.publicKey)).to.equal(true);
      expect(certificate.ca).to.equal(false);
      expect(certificate.subject).to.equal('CN=your.site');
      expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).to.be.at.least(2048);
      const days = (certificate.validToDate.getTime() - Date.now()) / 86_400_000;
      expect(days).to.be.within(399.9, 400);
      expect(certificate.validFromDate.getTime()).to.be.below(Date.now());
      expect(Date.parse(valuesOf(reset, '--end-date')[0] ?? '')).to.equal(
        certificate.validToDate.getTime(),
      );
      const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8' });
      const text = openssl('x509', '-in', file, '-noout', '-text');
      expect(text).to.match(/Key Usage: critical\s+Digital Signature\n/);
      expect(text).to.match(/Basic Constraints: critical\s+CA:FALSE\n/);
      expect(text).to.include('sha256WithRSAEncryption');
      expect(openssl('verify', '-check_ss_sig', '-x509_strict', '-CAfile', file, file)).to.match(
        /: OK\n$/,
      );
    }).timeout(20_000);

    it('prints settings that the site starts with', () => {
      const run = registered([...SITE, '--certificate', 'keys']);
      const { folder } = run.printed;
      writeFileSync(join(folder, 'appsettings.json'), run.stdout);
      const env = { TokenCache__EncryptionKeys__0: aKey(1), TokenCache__IndexKey: aKey(2) };
      const { settings } = loadSettings({ directory: folder, env });
      expect(settings.site.publicUrl.href).to.equal('https://your.site/');
      expect(settings.azureAd.clientId).to.equal(CLIENT_ID);
      expect(settings.azureAd.authority).to.deep.include({ kind: 'entra', tenantId: TENANT_ID });
      expect(settings.azureAd.credentials[0]?.sourceType).to.equal('Path');
      expect(settings.downstreamApis.map(({ scopes }) => scopes)).to.deep.equal([['User.Read']]);
    }).timeout(20_000);

    it('writes over nothing', () => {
      for (const name of ['certificate.pem', 'private-key.pem']) {
        const folder = folderWith({ [`.local/certificate/${name}`]: 'in use' });
        const { status, stdout, stderr } = register(SITE, { folder });
        expect(status).to.equal(1);
        expect(stdout).to.equal('');
        expect(stderr).to.match(new RegExp(`${name} is there already, and may be in use: name`));
        const directory = join(folder, '.local/certificate');
        expect(readFileSync(join(directory, name), 'utf8')).to.equal('in use');
        expect(readdirSync(directory)).to.deep.equal([name]);
      }
    });

    it('takes the certificate that an earlier run has made, and says so', () => {
      const folder = folderWith({});
      const first = register(SITE, { folder });
      const second = register([...SITE, '--name', 'Other', '--days', '30'], { folder });
      expect(second.status, second.stderr).to.equal(0);
      expect(second.stderr).to.match(
        /^Took .*certificate\.pem, which is there already and good until/,
      );
      const endOf = (text: string) => /--end-date (\S+)/.exec(text)?.[1];
      expect(endOf(second.stdout)).to.equal(endOf(first.stdout));
      expect(second.stdout).to.include('--display-name Other');
    }).timeout(20_000);

    it('follows no link that leads nowhere yet', () => {
      for (const name of ['certificate.pem', 'private-key.pem']) {
        const folder = folderWith({ 'keys/other': '' });
        const elsewhere = join(folder, 'elsewhere');
        symlinkSync(elsewhere, join(folder, 'keys', name));
        const { status, stdout, stderr } = register([...SITE, '--certificate', 'keys'], { folder });
        expect(status).to.equal(1);
        expect(stdout).to.equal('');
        expect(stderr).to.match(/^The certificate cannot be written to \/.*\/keys \(EEXIST\)\.\n$/);
        expect(existsSync(elsewhere)).to.equal(false);
      }
    }).timeout(20_000);

    it('says where it cannot write', () => {
      const folder = folderWith({ keys: 'a file' });
      const { status, stderr } = register([...SITE, '--certificate', 'keys/new'], { folder });
      expect(status).to.equal(1);
      expect(stderr).to.match(/^The certificate cannot be written to \/.*\/keys\/new \(\w+\)\.\n$/);
    });

    it('makes none before all else is right', () => {
      const { status, folder } = register(['--public-url', 'http://your.site']);
      expect(status).to.equal(1);
      expect(existsSync(join(folder, '.local'))).to.equal(false);
    });
  });

  it('with --secret, has Entra ID make one, which the settings then hold', () => {
    const run = registered([...SITE, '--secret']);
    expect(settingsOf(run).AzureAd).to.deep.include({ ClientSecret: SECRET });
    expect(settingsOf(run).AzureAd).not.to.have.property('ClientCredentials');
    expect(readdirSync(run.printed.folder)).to.deep.equal([]);
    expect(callOf(run, 'ad app credential reset')).to.include('--append');
  });

  describe('lets nothing that is given', () => {
    const wild = 'A "b" $(touch pwned) `touch pwned` $HOME \\ \\n !! !ls %s #; & | > x * ~ é 漢';

    for (const pasted of [false, true]) {
      const how = pasted ? 'pasted' : 'run from a file';
      it(`reach the shell, ${how}: not a name`, () => {
        const printed = register([...SITE, '--secret', '--name', wild]);
        const run = runWithFakeAz(printed.stdout, { pasted, cwd: printed.folder });
        const create = callOf(run, 'ad app create');
        expect(valuesOf(create, '--display-name')).to.deep.equal([wild]);
        const list = callOf(run, 'ad app list');
        expect(valuesOf(list, '--filter')).to.deep.equal([`displayName eq '${wild}'`]);
        expect(run.calls).to.have.length(8);
        expect(readdirSync(printed.folder)).to.deep.equal([]);
      });

      for (const directory of [`it's ${wild}'; touch pwned; '`, "it's !ls"]) {
        it(`reach the shell, ${how}: not the directory ${directory.slice(0, 8)}`, () => {
          const printed = register([...SITE, '--certificate', directory]);
          const run = runWithFakeAz(printed.stdout, { pasted, cwd: printed.folder });
          const reset = callOf(run, 'ad app credential reset');
          const file = join(printed.folder, directory, 'certificate.pem');
          expect(valuesOf(reset, '--cert')).to.deep.equal([`@${file}`]);
          const [json = ''] = /^\{\n[\s\S]*^\}$/m.exec(run.stdout) ?? [];
          const settings = settingsSchema.parse(JSON.parse(json));
          expect(settings.AzureAd['ClientCredentials']).to.deep.equal([
            {
              SourceType: 'Path',
              CertificateDiskPath: join(directory, 'certificate.pem'),
              PrivateKeyDiskPath: join(directory, 'private-key.pem'),
            },
          ]);
          expect(readdirSync(printed.folder)).to.deep.equal([directory]);
        }).timeout(20_000);
      }
    }

    it('be taken by az for something else', () => {
      for (const [name, said] of [
        ['@/etc/passwd', '--name holds "@" where az reads a file'],
        ['a=@/etc/passwd', '--name holds "@" where az reads a file'],
        ['-x', '--name begins with "-"'],
        ['a\nb', '--name holds a line break'],
        ['O’Brien\u2028', '--name holds a line break'],
        ["O'Brien", "--name holds ', which az cannot search for"],
        [' ', '--name is empty'],
        ['x'.repeat(257), '--name is longer than 256'],
      ] as const) {
        const { status, stdout, stderr } = register([...SITE, '--secret', `--name=${name}`]);
        expect(stderr).to.include(said);
        expect(stdout).to.equal('');
        expect(status).to.equal(1);
      }
      const { stderr } = register([...SITE, '--certificate', 'a=b']);
      expect(stderr).to.include(
        'a=b holds "=" or a control character, with which az finds no file',
      );
    });
  });

  describe('at localhost', () => {
    it('sets no front-channel logout URL, and says why', () => {
      const run = registered([]);
      expect(valuesOf(callOf(run, 'ad app create'), '--web-redirect-uris')).to.deep.equal([
        'http://localhost:4000/signin-oidc',
        'http://localhost:4000/signout-callback-oidc',
        'http://localhost:4000/admin-consent-callback',
      ]);
      expect(run.calls.filter(([first]) => first === 'rest')).to.deep.equal([]);
      expect(run.printed.stdout).to.include('Entra ID takes no plain http there');
      expect(settingsOf(run).Site.PublicUrl).to.equal('http://localhost:4000');
    });
  });

  describe('refuses, in the words of the settings’ own checks,', () => {
    for (const [url, said] of [
      ['http://your.site', 'Site:PublicUrl is plain http, which is for loopback hosts'],
      ['http://[::1]:4000', 'Site:PublicUrl is at [::1], which Entra ID takes in no redirect URI'],
      ['https://your.site/app', 'Site:PublicUrl has a path, where only a host belongs'],
      ['https://your.site?x', 'Site:PublicUrl has a query string'],
      ['https://me:pw@your.site', 'Site:PublicUrl holds a user name or password'],
      ['ftp://your.site', 'Site:PublicUrl begins with neither https:// nor http://'],
      ['your.site', 'Site:PublicUrl is not a URL'],
      ["https://your'$(id).site", "Site:PublicUrl holds one of ! $ ' ( ) , ;"],
      [`https://${'a.'.repeat(120)}site`, 'AzureAd:CallbackPath makes a redirect URI of'],
    ] as const) {
      it(`the public URL ${url.slice(0, 30)}`, () => {
        const { status, stdout, stderr } = register(['--public-url', url, '--secret']);
        expect(stderr).to.include(said);
        expect(stderr).not.to.match(/^\s+at /m);
        expect(stdout).to.equal('');
        expect(status).to.equal(1);
      });
    }

    it('a path with a sign that no redirect URI may hold', () => {
      const settings = { AzureAd: { CallbackPath: '/sign(in)' } };
      const { status, stderr } = register([...SITE, '--secret'], { settings });
      expect(status).to.equal(1);
      expect(stderr).to.include("AzureAd:CallbackPath holds one of ! $ ' ( ) , ;");
    });
  });

  describe('takes from the settings', () => {
    const settings = {
      Site: {
        PublicUrl: 'https://from.settings',
        TrustProxy: true,
        SignInScopes: 'openid User.Read',
      },
      AzureAd: {
        TenantId: 'contoso.example',
        ClientId: '[Enter_the_Application_Id_Here]',
        CallbackPath: '/in',
        SignedOutCallbackPath: '/out',
        RemoteSignOutPath: '/remote',
        AdminConsentCallbackPath: '/consented',
      },
      DownstreamApis: {
        Graph: {
          BaseUrl: 'https://graph.microsoft.com/v1.0',
          Scopes: 'https://graph.microsoft.com/Mail.Read User.Read',
        },
        Todo: { BaseUrl: 'https://todo.example', Scopes: 'api://todo/Read' },
        Own: {
          BaseUrl: 'https://own.example',
          Scopes: 'api://own/.default',
          RequestAppToken: true,
        },
      },
      Session: { AccountContext: 'c1', RevokeSignInSessions: true },
    };

    it('the public URL and the paths, which stay in the settings', () => {
      const run = registered([], { settings });
      const create = callOf(run, 'ad app create');
      expect(valuesOf(create, '--web-redirect-uris')).to.deep.equal([
        'https://from.settings/in',
        'https://from.settings/out',
        'https://from.settings/consented',
      ]);
      expect(valuesOf(callOf(run, 'rest'), '--body')).to.deep.equal([
        '{"web":{"logoutUrl":"https://from.settings/remote"}}',
      ]);
      expect(settingsOf(run).Site.PublicUrl).to.equal('https://from.settings');
      expect(settingsOf(run).AzureAd).to.deep.include({
        CallbackPath: '/in',
        AdminConsentCallbackPath: '/consented',
      });
      expect(settingsOf(run)).not.to.have.property('DownstreamApis');
    });

    it('the permissions that people are asked for, and says which are of other APIs', () => {
      const run = registered([], { settings });
      const add = callOf(run, 'ad app permission add');
      expect(valuesOf(add, '--api-permissions')).to.deep.equal([
        'id-of-user-read=Scope',
        'id-of-mail-read=Scope',
        'id-of-revoke=Scope',
      ]);
      expect(run.printed.stdout).to.match(/# Of other APIs, .*: api:\/\/todo\/Read\.\n/);
      const chosen = registered(['--permission', 'Mail.Read'], { settings });
      expect(valuesOf(callOf(chosen, 'ad app permission add'), '--api-permissions')).to.deep.equal([
        'id-of-mail-read=Scope',
      ]);
    });

    it('no permission by .default, which stands for those that are registered', () => {
      const BaseUrl = 'https://graph.microsoft.com/v1.0';
      const Scopes = 'https://graph.microsoft.com/.default';
      const run = registered(SITE, {
        settings: { DownstreamApis: { Graph: { BaseUrl, Scopes } } },
      });
      const add = callOf(run, 'ad app permission add');
      expect(valuesOf(add, '--api-permissions')).to.deep.equal(['id-of-user-read=Scope']);
    });

    it('acrs as another claim, where the account page asks for a step-up', () => {
      expect(claimsOf(registered([], { settings }))).to.deep.equal([
        'login_hint',
        'sid',
        'acct',
        'acrs',
      ]);
    });

    it('the tenants and the cloud', () => {
      for (const [AzureAd, audience, azName] of [
        [{ TenantId: 'common' }, 'AzureADandPersonalMicrosoftAccount', undefined],
        [{ TenantId: 'organizations' }, 'AzureADMultipleOrgs', undefined],
        [{ TenantId: 'consumers' }, 'PersonalMicrosoftAccount', undefined],
        [{ TenantId: '<your tenant>' }, 'AzureADMyOrg', undefined],
        [
          { TenantId: 'common', Instance: 'https://login.microsoftonline.us/' },
          'AzureADMultipleOrgs',
          'AzureUSGovernment',
        ],
      ] as const) {
        const run = registered(SITE, { settings: { AzureAd } });
        const create = callOf(run, 'ad app create');
        expect(valuesOf(create, '--sign-in-audience')).to.deep.equal([audience]);
        expect(run.calls[0]?.[0] === 'cloud' ? run.calls[0][3] : undefined).to.equal(azName);
      }
      const { stdout } = register(['--secret'], { settings });
      expect(stdout).to.include('az login --allow-no-subscriptions --tenant contoso.example\n');
    });

    it('the cloud, where the tenant is still to be filled in', () => {
      for (const AzureAd of [
        { Instance: 'https://login.microsoftonline.us/' },
        { Instance: 'https://login.microsoftonline.us/', TenantId: '<your tenant>' },
        { Authority: 'https://login.microsoftonline.us/<tenant>/v2.0' },
      ]) {
        const run = registered(SITE, { settings: { AzureAd } });
        expect(run.calls[0]).to.deep.equal(['cloud', 'set', '--name', 'AzureUSGovernment']);
      }
    });

    it('the directory, by its GUID: the commands stop where az is signed in to another', () => {
      const other = TENANT_ID.replace('1', '2');
      for (const TenantId of [TENANT_ID, TENANT_ID.toUpperCase()]) {
        registered(SITE, { settings: { AzureAd: { TenantId } } });
      }
      const { stdout } = register([...SITE, '--secret'], {
        settings: { AzureAd: { TenantId: other } },
      });
      const run = runWithFakeAz(stdout);
      expect(run.status).to.equal(1);
      expect(run.stderr).to.equal(
        `az is signed in to the directory ${TENANT_ID}, and the settings name ${other}: ` +
          `az login --allow-no-subscriptions --tenant ${other}\n`,
      );
      expect(run.calls).to.have.length(1);
      expect(run.stdout).to.equal('');
    });

    it('nothing of an authority that az does not reach: it says what to do by hand', () => {
      const byHand = ['signin-oidc', 'signout-callback-oidc', 'signout-oidc'];
      for (const [AzureAd, what, isEntra] of [
        [
          { Instance: 'https://login.sovcloud-identity.fr/', TenantId: TENANT_ID },
          'https://login.sovcloud-identity.fr/ (the cloud of France (Bleu))',
          true,
        ],
        [{ Instance: 'https://login.sovcloud-identity.de/' }, 'Germany', true],
        [
          { Instance: 'https://contoso.ciamlogin.com/' },
          'https://contoso.ciamlogin.com/ (External ID)',
          true,
        ],
        [{ Authority: 'https://contoso.ciamlogin.com/' }, '(External ID)', true],
        [
          { Instance: 'https://login.contoso.test/', TenantId: TENANT_ID },
          'https://login.contoso.test/ (no cloud that is known here)',
          true,
        ],
        [
          { Instance: 'http://localhost:4100/', TenantId: TENANT_ID },
          'http://localhost:4100/ (no cloud that is known here)',
          true,
        ],
        [{ Authority: 'https://id.test/realm' }, 'https://id.test/realm (no Entra ID)', false],
      ] as const) {
        const { status, stdout, stderr, folder } = register(SITE, { settings: { AzureAd } });
        expect(stderr).to.include(what);
        expect(stderr).to.include('not supported').and.include('by hand');
        for (const path of byHand) expect(stderr).to.include(`https://your.site/${path}\n`);
        expect(stderr.includes('https://your.site/admin-consent-callback\n')).to.equal(isEntra);
        expect(stderr).not.to.match(/^\s+at /m);
        expect(stdout).to.equal('');
        expect(status).to.equal(1);
        expect(existsSync(join(folder, '.local')), 'no certificate').to.equal(false);
      }
    });

    it('no authority that the site itself would refuse', () => {
      for (const [AzureAd, said] of [
        [{ Instance: 'https://login.windows.net/' }, 'AzureAd:Instance names login.windows.net'],
        [{ Instance: 'https://contoso.b2clogin.com/' }, 'AzureAd:Instance is Azure AD B2C'],
        [{ Instance: 'https://login.microsoftonline.de/' }, 'closed in 2021'],
        [{ Instance: 'login.microsoftonline.us', TenantId: 'common' }, 'is not a URL'],
        [{ Authority: 'https://contoso.b2clogin.com/x' }, 'AzureAd:Authority is Azure AD B2C'],
      ] as const) {
        const { status, stdout, stderr } = register([...SITE, '--secret'], {
          settings: { AzureAd },
        });
        expect(stderr).to.include(said);
        expect(stdout).to.equal('');
        expect(status).to.equal(1);
      }
    });

    it('another cloud by --cloud, which is the last word', () => {
      const settings = { AzureAd: { Authority: 'https://id.test/realm' } };
      const run = registered([...SITE, '--cloud', 'usgov'], { settings });
      expect(run.calls[0]).to.deep.equal(['cloud', 'set', '--name', 'AzureUSGovernment']);
    });

    it('of another file, or of the environment', () => {
      const folder = folderWith({ 'other.json': JSON.stringify(settings) });
      const named = register(['--secret', '--config', 'other.json'], { folder });
      expect(named.stdout).to.include('https://from.settings/in');
      const env = { Site__PublicUrl: 'https://from.env' };
      expect(register(['--secret'], { folder, env }).stdout).to.include('https://from.env/signin');
      expect(register(['--secret', ...SITE], { folder, env }).stdout).to.include(
        'https://your.site/',
      );
    });

    it('nothing, where they are faulty: it lists the faults', () => {
      const absent = register(['--secret', '--config', 'absent.json']);
      expect(absent.status).to.equal(1);
      expect(absent.stderr).to.include('absent.json does not exist');
      const folder = folderWith({ 'appsettings.json': '{ "Site": ' });
      expect(register(['--secret'], { folder }).stderr).to.include(
        'appsettings.json cannot be read',
      );
      const hostile = { Site: { SignInScopes: "User.Read'$(pwned)" } };
      const { status, stderr } = register(['--secret'], { settings: hostile });
      expect(status).to.equal(1);
      expect(stderr).to.include('is no permission of Microsoft Graph, such as User.Read.');
    });
  });

  it('says what is wrong with how it was called', () => {
    for (const [args, said] of [
      [['--names', 'x'], "Unknown option '--names'"],
      [['stray'], 'Usage:'],
      [['--certificate', 'a', '--secret'], '--certificate and --secret exclude each other.'],
      [['--certificate', ''], '--certificate is empty.'],
      [['--days', '0'], '--days is not a whole number from 1 to 730.'],
      [['--days', '731'], '--days is not'],
      [['--days', '1.5'], '--days is not'],
      [['--cloud', 'germany'], '--cloud is one of: global, usgov, china.'],
      [
        ['--permission', 'api://todo/Read'],
        '--permission api://todo/Read is not of Microsoft Graph.',
      ],
      [['--permission', '.default'], '".default" is no permission of Microsoft Graph'],
      [['--permission', "a'b"], 'is no permission of Microsoft Graph'],
      [['--public-url', ''], '--public-url is empty.'],
    ] as const) {
      const { status, stdout, stderr } = register(args);
      expect(stderr).to.include(said);
      expect(stderr).not.to.match(/^\s+at /m);
      expect(stdout).to.equal('');
      expect(status).to.equal(1);
    }
    const help = register(['--help']);
    expect(help.status).to.equal(0);
    expect(help.stdout).to.include('--tenants WHICH');
  }).timeout(20_000);
});
