/** The operator's commands for keys and accounts, run as an operator runs them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { type Sandbox, startSandbox } from '../scripts/sandbox/start-sandbox.ts';
import { bareEnvironment } from './support/bare-environment.ts';
import { passSandbox, type Site, sandboxEnvironment, startSite } from './support/site.ts';
import { aFolder, freePort } from './support/site-process.ts';
import { Visitor } from './support/visitor.ts';

const keys = {
  TokenCache__EncryptionKeys: Buffer.alloc(32, 1).toString('base64'),
  TokenCache__IndexKey: Buffer.alloc(32, 2).toString('base64'),
};

async function run(script: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [resolve(`scripts/${script}.ts`), ...args], {
    cwd: aFolder(),
    env: bareEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [status]: unknown[] = await once(child, 'close');
  return { status, output };
}

/** The audit events among what was written. */
function audited(output: string) {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) =>
      z
        .object({ audit: z.literal(true) })
        .loose()
        .parse(JSON.parse(line)),
    )
    .map(({ audit: _, level: __, time: ___, ...event }) => event);
}

describe('npm run new-key', () => {
  it('makes another key each time, fit for the settings, and says how it is rolled out', async () => {
    const [one, two] = await Promise.all([run('new-key', []), run('new-key', [])]);
    const keyOf = ({ output }: { output: string }) => /^ {2}(\S{44})$/m.exec(output)?.[1] ?? '';
    expect(Buffer.from(keyOf(one), 'base64')).to.have.length(32);
    expect(keyOf(one)).not.to.equal(keyOf(two));
    expect(one.output).to.include('Add the new key at the end');
  });
});

describe('npm run revoke', () => {
  let sandbox: Sandbox;
  let site: Site;
  let env: Record<string, string>;

  beforeEach(async () => {
    sandbox = await startSandbox();
    const port = await freePort();
    env = {
      ...sandboxEnvironment(sandbox, port),
      ...keys,
      TokenCache__Store: `sqlite:${join(aFolder(), 'tokens.sqlite')}`,
    };
    site = await startSite(env);
  });
  afterEach(async () => {
    await site.close();
    await sandbox.close();
  });

  async function signedIn(username: string): Promise<Visitor> {
    const visitor = new Visitor();
    const page = await visitor.open(`${site.url}/profile`);
    await passSandbox(visitor, page, username);
    return visitor;
  }
  const isSignedIn = async (visitor: Visitor) =>
    (await visitor.open(`${site.url}/`)).text.includes('Hello,');
  const accountIdOf = (username: string) => {
    const user = sandbox.users.find((each) => each.username === username);
    return `${user?.id}.${user?.homeTenantId}`;
  };

  it('ends every session of an account, while the site runs, and nobody else’s', async () => {
    const [laptop, phone] = [
      await signedIn('ada@contoso.example'),
      await signedIn('ada@contoso.example'),
    ];
    const ben = await signedIn('ben@contoso.example');
    const id = accountIdOf('ada@contoso.example').toUpperCase();
    const { status, output } = await run('revoke', ['--account', id], env);
    expect(output).to.include('has ended');
    const event = { event: 'account_revoked', account: id.toLowerCase() };
    expect(audited(output)).to.deep.equal([event]);
    expect(status).to.equal(0);
    expect(await isSignedIn(laptop)).to.equal(false);
    expect(await isSignedIn(phone)).to.equal(false);
    expect(await isSignedIn(ben)).to.equal(true);
    const again = await run('revoke', ['--account', id], env);
    expect(again.status, 'not there').to.equal(1);
    expect(audited(again.output)).to.deep.equal([]);
    expect(await isSignedIn(await signedIn('ada@contoso.example'))).to.equal(true);
    expect(await isSignedIn(laptop), 'by the new sign-in').to.equal(false);
  }).timeout(20_000);

  it('ends a sign-in of the account that is under way, and none begun later', async () => {
    const visitor = new Visitor();
    const asked = await visitor.open(`${site.url}/profile`);
    const id = accountIdOf('ada@contoso.example');
    await run('revoke', ['--account', id], env);
    const page = await passSandbox(visitor, asked, 'ada@contoso.example');
    expect(page.status).to.equal(400);
    expect(page.text).to.include('was under way');
    expect(await isSignedIn(visitor)).to.equal(false);
    expect(await isSignedIn(await signedIn('ada@contoso.example'))).to.equal(true);
  }).timeout(20_000);

  it('erases everything once the instance is named', async () => {
    const [ada, ben] = [
      await signedIn('ada@contoso.example'),
      await signedIn('ben@contoso.example'),
    ];
    const unsure = await run('revoke', ['--all'], env);
    expect(unsure.status).to.equal(1);
    expect(unsure.output).to.include('--instance concierge');
    expect((await run('revoke', ['--all', '--instance', 'other'], env)).status).to.equal(1);
    expect(await isSignedIn(ada)).to.equal(true);
    const { status, output } = await run('revoke', ['--all', '--instance', 'concierge'], env);
    const [, count] = /^(\d+) records erased/.exec(output) ?? [];
    const erased = { event: 'instance_erased', instance: 'concierge', records: Number(count) };
    expect(audited(output)).to.deep.equal([erased]);
    expect(audited(unsure.output)).to.deep.equal([]);
    expect(status).to.equal(0);
    expect(await isSignedIn(ada)).to.equal(false);
    expect(await isSignedIn(ben)).to.equal(false);
  }).timeout(20_000);

  it('says what is wrong with how it was called', async () => {
    for (const [args, more, said] of [
      [[], {}, 'Usage:'],
      [['--account', 'a.b', '--all'], {}, 'Usage:'],
      [['--accounts', 'a.b'], {}, '--accounts'],
      [['--account', 'a.b'], { TokenCache__Store: 'memory:' }, 'Restart the site'],
      [['--account', 'a.b'], { TokenCache__Store: 'redis://127.0.0.1:1' }, 'The store is down'],
      [['--account', 'a.b'], { AzureAd__ClientId: '' }, 'AzureAd:ClientId'],
    ] as const) {
      const { status, output } = await run('revoke', args, { ...env, ...more });
      expect(output).to.include(said);
      expect(output).not.to.match(/^\s+at /m);
      expect(status).to.equal(1);
    }
  }).timeout(20_000);
});
