/** Where configuration comes from, and which source wins. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadSettings } from '../../src/config/load-settings.ts';
import { aKey, faultsOf, fileWith, folderWith, goodEnv, load } from './config-rig.ts';

describe('The sources of the configuration', () => {
  const good = fileWith({});

  it('can be the environment alone', () => {
    const { settings } = load({ env: { ...goodEnv, Site__Port: undefined } });
    expect(settings.downstreamApis[0]).to.deep.include({ name: 'Graph', scopes: ['User.Read'] });
  });

  it('lay the environment over the file, list elements by index', () => {
    const { settings } = load({
      files: { 'appsettings.json': fileWith({ 'TokenCache:EncryptionKeys': [aKey(1), aKey(2)] }) },
      env: { TokenCache__EncryptionKeys__1: aKey(9), SITE__port: '5000' },
    });
    expect(settings.tokenCache.encryptionKeys.map(([byte]) => byte)).to.deep.equal([1, 9]);
    expect(settings.site.port).to.equal(5000);
  });

  it('order list elements by their numbers, not as text', () => {
    const scopes = Object.fromEntries(
      Array.from({ length: 11 }, (_, i) => [`DownstreamApis__Graph__Scopes__${i}`, `S${i}`]),
    );
    const { settings } = load({ env: { ...goodEnv, ...scopes } });
    expect(settings.downstreamApis[0]?.scopes.at(-1)).to.equal('S10');
  });

  it('let one text in the environment replace a list, and a list one text', () => {
    const one = load({
      files: { 'appsettings.json': fileWith({ 'DownstreamApis:Graph:Scopes': ['a', 'b'] }) },
      env: { DownstreamApis__Graph__Scopes: 'c' },
    });
    expect(one.settings.downstreamApis[0]?.scopes).to.deep.equal(['c']);
    const list = load({
      files: { 'appsettings.json': good },
      env: { DownstreamApis__Graph__Scopes__0: 'd' },
    });
    expect(list.settings.downstreamApis[0]?.scopes).to.deep.equal(['d']);
  });

  it('reach API sections at the top of the file, and no other variables', () => {
    const file = JSON.stringify({ GraphBeta: { BaseUrl: 'https://a.example', Scopes: 'x' } });
    const { settings } = load({
      files: { 'appsettings.json': file },
      env: { ...goodEnv, GraphBeta__Scopes: 'y', Other__BaseUrl: 'https://b.example', HOME: '/' },
    });
    expect(settings.downstreamApis.map(({ name, scopes }) => [name, ...scopes])).to.deep.equal([
      ['GraphBeta', 'y'],
      ['Graph', 'User.Read'],
    ]);
  });

  it('give APIs of the environment in the order of their names, whatever its own order', () => {
    const env = {
      DownstreamApis__Todos__BaseUrl: 'https://todos.example',
      DownstreamApis__Todos__Scopes: 'api://todos/Read',
      ...goodEnv,
    };
    const { settings } = load({ env });
    expect(settings.downstreamApis.map(({ name }) => name)).to.deep.equal(['Graph', 'Todos']);
    expect(settings.site.signInScopes).to.deep.equal(['User.Read']);
  });

  it('warn of variables that are nearly ours', () => {
    const { warnings } = load({
      env: { ...goodEnv, AzureAd_ClientId: 'x', AzurAd__ClientId: 'x', SESSION_MANAGER: 'x' },
    });
    expect(warnings).to.deep.equal([
      'AzurAd__ClientId is ignored. Did you mean AzureAd__…?',
      'AzureAd_ClientId is ignored: between a section and its key stand two underscores. Name it AzureAd__ClientId.',
    ]);
  });

  it('read .env, which wins over the file and yields to the environment', () => {
    const { settings } = load({
      files: {
        'appsettings.json': fileWith({ 'Site:Port': 1, 'Session:IdleMinutes': 1 }),
        '.env': '# a comment\nSite__Port=2\nSession__IdleMinutes="2"\n',
      },
      env: { Site__Port: '3' },
    });
    expect(settings.site.port).to.equal(3);
    expect(settings.session.idleMinutes).to.equal(2);
  });

  it('read the file that is named, by option, environment or .env', () => {
    const files = {
      'a.json': fileWith({ 'Site:Port': 1 }),
      'b.json': fileWith({ 'Site:Port': 2 }),
      'sub/c.json': fileWith({ 'Site:Port': 3 }),
    };
    const env = { APPSETTINGS_FILE: 'b.json' };
    expect(load({ files, env }).settings.site.port).to.equal(2);
    expect(load({ files, env, file: 'a.json' }).settings.site.port).to.equal(1);
    const dotEnv = { ...files, '.env': 'APPSETTINGS_FILE=sub/c.json' };
    expect(load({ files: dotEnv }).settings.site.port).to.equal(3);
  });

  it('refuse a named file that does not exist', () => {
    const [fault] = faultsOf(() => load({ env: goodEnv, file: 'other.json' }));
    expect(fault?.key).to.match(/other\.json$/);
    expect(fault?.problem).to.equal('does not exist');
  });

  it('refuse a file and a .env that cannot be read', () => {
    for (const name of ['appsettings.json', '.env']) {
      const directory = folderWith({});
      mkdirSync(join(directory, name));
      const [fault] = faultsOf(() => loadSettings({ env: goodEnv, directory }));
      expect(fault?.key).to.contain(name);
      expect(fault?.problem).to.equal('cannot be read (EISDIR)');
    }
  });

  it('refuse keys that cannot be written', () => {
    const directory = folderWith({ '.local': 'a file where a folder belongs' });
    chmodSync(directory, 0o500);
    const { TokenCache__IndexKey: _, ...env } = goodEnv;
    const [fault] = faultsOf(() => loadSettings({ env, directory }));
    expect(fault?.key).to.equal('.local/keys.json');
  });
});
