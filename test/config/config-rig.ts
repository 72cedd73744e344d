/** Loads settings from a folder of its own: for tests of the configuration. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ConfigurationFault, ConfigurationFaults } from '../../src/config/faults.ts';
import {
  type LoadedSettings,
  type LoadOptions,
  loadSettings,
} from '../../src/config/load-settings.ts';
import { aFolder } from '../support/site-process.ts';

export const CLIENT_ID = '4c0c1e46-5ba1-4d0e-9f0b-2c7a6d1f0a11';
export const aKey = (byte = 7) => Buffer.alloc(32, byte).toString('base64');

/** An environment that a site starts with. */
export const goodEnv = {
  AzureAd__TenantId: 'common',
  AzureAd__ClientId: CLIENT_ID,
  AzureAd__ClientSecret: 'a-secret',
  DownstreamApis__Graph__BaseUrl: 'https://graph.microsoft.com/v1.0',
  DownstreamApis__Graph__Scopes: 'User.Read',
  TokenCache__EncryptionKeys__0: aKey(1),
  TokenCache__IndexKey: aKey(2),
};

/** Settings that a site starts with, as a file's content. */
export function goodFile(): Record<string, Record<string, unknown>> {
  return {
    Site: {},
    AzureAd: { TenantId: 'common', ClientId: CLIENT_ID, ClientSecret: 'a-secret' },
    DownstreamApis: {
      Graph: { BaseUrl: 'https://graph.microsoft.com/v1.0', Scopes: 'User.Read' },
    },
    TokenCache: { EncryptionKeys: [aKey(1)], IndexKey: aKey(2) },
    Session: {},
  };
}

/** `goodFile` with a value put at a path such as `AzureAd:ClientId`; `undefined` takes the key away. */
export function fileWith(changes: Readonly<Record<string, unknown>>): string {
  const file: Record<string, unknown> = goodFile();
  for (const [path, value] of Object.entries(changes)) put(file, path.split(':'), value);
  return JSON.stringify(file);
}

function put(target: Record<string, unknown>, [key = '', ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = target[key];
  const next: Record<string, unknown> =
    typeof inner === 'object' && inner !== null ? Object.fromEntries(Object.entries(inner)) : {};
  target[key] = next;
  put(next, rest, value);
}

/** A folder with these files in it. */
export function folderWith(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = aFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

type Parts = Partial<LoadOptions> & { readonly files?: Readonly<Record<string, string | Buffer>> };

export function load({ files = {}, ...options }: Parts): LoadedSettings {
  return loadSettings({ env: {}, directory: folderWith(files), ...options });
}

/** Loads `goodFile` with these changes. */
export function loadWith(changes: Readonly<Record<string, unknown>>, parts: Parts = {}) {
  return load({ ...parts, files: { ...parts.files, 'appsettings.json': fileWith(changes) } });
}

/** The faults of loading, each once; empty when it succeeds. */
export function faultsOf(loading: () => unknown): readonly ConfigurationFault[] {
  try {
    loading();
    return [];
  } catch (error) {
    // Any other error is a bug, which the test is to show.
    if (error instanceof ConfigurationFaults) return error.faults;
    throw error;
  }
}

/** The faults of `goodFile` with these changes. */
export function faultsWith(changes: Readonly<Record<string, unknown>>, parts: Parts = {}) {
  return faultsOf(() => loadWith(changes, parts));
}
