/** Stores and credentials whose packages are optional, where those are not installed. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { z } from 'zod';
import { optionalPackage } from '../../src/optional-package.ts';
import { caught } from '../support/caught.ts';
import { aFolder } from '../support/site-process.ts';

const { optionalDependencies } = z
  .object({ optionalDependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));

/** This project as it is after `npm ci --omit=optional`, as far as its stores need it. */
function withoutOptionalPackages(): string {
  const folder = aFolder();
  cpSync('src', join(folder, 'src'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const scope of ['', '@keyv', '@azure']) {
    mkdirSync(join(folder, 'node_modules', scope), { recursive: true });
    for (const name of readdirSync(join('node_modules', scope))) {
      const path = join(scope, name);
      const isScope = path === '@keyv' || path === '@azure';
      if (path in optionalDependencies || isScope || name.startsWith('.')) continue;
      symlinkSync(resolve('node_modules', path), join(folder, 'node_modules', path));
    }
  }
  return folder;
}

const OPEN_EACH = `
import { openStorage } from './src/storage/open-storage.ts';
import { createLog } from './src/log.ts';
const said = {};
for (const uri of process.argv.slice(1)) {
  const options = { log: createLog('silent'), now: Date.now };
  said[uri] = await openStorage(uri, options).then(
    () => 'opened',
    (error) => error.code + ': ' + error.message,
  );
}
console.log(JSON.stringify(said));`;

const PREPARE_EACH = `
import { ClientCredentials } from './src/credentials/client-credentials.ts';
import { createLog } from './src/log.ts';
const parts = { clientId: 'c', now: Date.now, log: createLog('silent'), audit: () => {} };
const vault = { vaultUrl: new URL('https://a.vault.azure.net'), certificateName: 'a', sendX5c: false };
const said = {};
for (const sourceType of process.argv.slice(1)) {
  const credential = { sourceType, key: 'AzureAd:A:0', ...vault, secret: 's', audience: 'api://a' };
  said[sourceType] = await new ClientCredentials([credential], parts).prepare().then(
    () => 'prepared',
    (error) => error.code + ': ' + error.message,
  );
}
console.log(JSON.stringify(said));`;

describe('A credential whose package is not installed', () => {
  it('ends the start, with the command that installs it; others need none', async () => {
    const needed = {
      KeyVault: '@azure/keyvault-secrets',
      SignedAssertionFromVault: '@azure/keyvault-certificates',
      SignedAssertionFromManagedIdentity: '@azure/identity',
    };
    const args = ['--input-type=module', '--eval', PREPARE_EACH];
    const names = ['ClientSecret', ...Object.keys(needed)];
    const cwd = withoutOptionalPackages();
    const { stdout } = await promisify(execFile)(process.execPath, [...args, ...names], { cwd });
    const { ClientSecret, ...said } = z.record(z.string(), z.string()).parse(JSON.parse(stdout));
    expect(ClientSecret).to.equal('prepared');
    for (const [sourceType, name] of Object.entries(needed)) {
      expect(said[sourceType]).to.match(/^misconfigured: AzureAd:A:0 needs a package/);
      expect(said[sourceType]).to.include(`npm install ${name}`);
    }
  });
});

describe('A store whose package is not installed', () => {
  it('is refused at the start, with the command that installs it', async () => {
    const uris = {
      'etcd://me:hidden-word@127.0.0.1': 'etcd3',
      'memcached://me:hidden-word@127.0.0.1': '@keyv/memcache',
      'mongodb://me:hidden-word@127.0.0.1': 'mongodb',
      'postgres://me:hidden-word@127.0.0.1/a': 'pg',
      'mysql://me:hidden-word@127.0.0.1/a': 'mysql2',
    };
    const args = ['--input-type=module', '--eval', OPEN_EACH, 'memory:', ...Object.keys(uris)];
    const cwd = withoutOptionalPackages();
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
    const { 'memory:': memory, ...said } = z
      .record(z.string(), z.string())
      .parse(JSON.parse(stdout));
    expect(memory).to.equal('opened');
    expect(said).to.have.all.keys(Object.keys(uris));
    for (const [uri, name] of Object.entries(uris)) {
      expect(said[uri]).to.match(/^misconfigured: TokenCache:Store needs a package/);
      expect(said[uri]).to.include(`npm install ${name}`).and.not.include('hidden-word');
    }
  });

  it('is told from one whose package is broken', async () => {
    const broken = new TypeError('a fault within it');
    expect(await caught(optionalPackage('A:Setting', 'a', () => Promise.reject(broken)))).to.equal(
      broken,
    );
    expect(await optionalPackage('A:Setting', 'a', async () => 'loaded')).to.equal('loaded');
  });
});
