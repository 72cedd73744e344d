/** The process as an operator starts it: arguments, faults, exit status. */
import { once } from 'node:events';
import { cpSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { goodEnv } from './config/config-rig.ts';
import { caught } from './support/caught.ts';
import { askRedis, startRedisServer } from './support/redis-server.ts';
import { startSite } from './support/site.ts';
import { aFolder, freePort, runMain, startSiteProcess } from './support/site-process.ts';

describe('main.ts', () => {
  it('with --check prints the effective settings without secrets, and starts nothing', async () => {
    const { status, output } = await runMain({ ...goodEnv, Site__Port: '4321' }, ['--check']);
    expect(status, output).to.equal(0);
    const settings = JSON.parse(output.slice(output.indexOf('{')));
    expect(settings).to.have.nested.property('Site.Port', 4321);
    expect(settings).to.have.nested.property('AzureAd.ClientSecret', '***');
    for (const secret of ['a-secret', goodEnv.TokenCache__IndexKey]) {
      expect(output).not.to.include(secret);
    }
  });

  it('lists every fault at once, each with its mend, and exits with 1', async () => {
    const env = { ...goodEnv, AzureAd__ClientId: '[Enter_the_Application_Id]', Site__Prot: '1' };
    const { status, output } = await runMain(env);
    expect(status).to.equal(1);
    expect(output)
      .to.include('2 faults')
      .and.include('AzureAd:ClientId')
      .and.match(/Did you mean (Site:)?Port/);
    expect(output).not.to.match(/at .*\.ts:\d/);
  });

  it('reads the file that --config names, and says so if it is not there', async () => {
    const folder = aFolder();
    writeFileSync(join(folder, 'mine.json'), '{ "Site": { "Port": 4322, }, // a comment\n }');
    const { status, output } = await runMain(goodEnv, ['--check', '--config', 'mine.json'], folder);
    expect(status, output).to.equal(0);
    expect(output).to.include('4322');
    const missing = await runMain(goodEnv, ['--check', '--config', 'missing.json'], folder);
    expect(missing.status).to.equal(1);
    expect(missing.output).to.include('missing.json');
  });

  it('explains an option that it does not know', async () => {
    const { status, output } = await runMain(goodEnv, ['--chek']);
    expect(status).to.equal(1);
    expect(output).to.include('--chek').and.include('Usage:');
  });

  it('names a log level that is none', async () => {
    const { status, output } = await runMain({ ...goodEnv, LOG_LEVEL: 'verbose' });
    expect(status).to.equal(1);
    expect(output).to.match(/^LOG_LEVEL is none of fatal, /m);
  });

  it('says which port is busy, and how to choose another', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const { status, output } = await runMain({ ...goodEnv, Site__Port: port });
    other.close();
    expect(status).to.equal(1);
    expect(output).to.include(`Port ${port} is busy`).and.include('Site__Port');
  });

  it('ends when a credential cannot be loaded, though its store is there', async () => {
    const redis = await startRedisServer();
    const module = join(aFolder(), 'assertions.mjs');
    writeFileSync(module, 'throw new Error("not here");');
    const { AzureAd__ClientSecret: _, ...withoutSecret } = goodEnv;
    try {
      const { status, output } = await runMain({
        ...withoutSecret,
        AzureAd__ClientCredentials__0__SourceType: 'CustomSignedAssertion',
        AzureAd__ClientCredentials__0__CustomSignedAssertionProviderName: module,
        TokenCache__Store: redis.uri,
      });
      expect(status).to.equal(1);
      expect(output).to.include('not here');
    } finally {
      await redis.stop();
    }
  });

  it('ends when a module that it loaded is at fault and still busy', async () => {
    const module = join(aFolder(), 'hooks.mjs');
    writeFileSync(module, 'setInterval(() => {}, 1000); export const onSingIn = () => {};');
    const { status, output } = await runMain({ ...goodEnv, Site__Hooks: module });
    expect(status).to.equal(1);
    expect(output).to.include('Did you mean onSignIn?');
  });

  it('leaves no connection to its store when a route cannot be added', async () => {
    const redis = await startRedisServer();
    const addRoutes = () => {
      throw new RangeError('no such route');
    };
    try {
      const error = await caught(
        startSite({ ...goodEnv, TokenCache__Store: redis.uri }, addRoutes),
      );
      expect(error).to.be.instanceOf(RangeError);
      // The one that asks.
      expect(askRedis(redis, 'CLIENT', 'LIST').split('\n')).to.have.length(1);
    } finally {
      await redis.stop();
    }
  });

  it('with --check leaves nothing behind, not even keys that it would make', async () => {
    const folder = aFolder();
    const { TokenCache__EncryptionKeys__0: _, ...withoutKeys } = goodEnv;
    const { status, output } = await runMain(withoutKeys, ['--check'], folder);
    expect(status, output).to.equal(0);
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('starts from a folder whose name needs escaping in a URL', async () => {
    const folder = join(aFolder(), 'my 100% projects');
    cpSync('src', join(folder, 'src'), { recursive: true });
    for (const name of ['views', 'node_modules', 'package.json']) {
      symlinkSync(resolve(name), join(folder, name));
    }
    const port = await freePort();
    const main = join(folder, 'src/main.ts');
    const env = { ...goodEnv, Site__Port: String(port) };
    const site = await startSiteProcess(env, port, aFolder(), main);
    expect((await fetch(`${site.url}/`)).status).to.equal(200);
    expect(await site.stop()).to.equal(0);
  });
});
