/** The files that pages link to, read once; their addresses change with their content. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

export interface AssetFile {
  readonly bytes: Buffer;
  readonly type: string;
  readonly version: string;
}

/** The address of an asset, which may be cached for ever. */
export type AssetUrl = (name: string) => string;

const TYPES = new Map([
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
]);

/** By file name; files of other kinds are not served. */
export function readAssetFiles(directory: string): ReadonlyMap<string, AssetFile> {
  const files = new Map<string, AssetFile>();
  for (const name of readdirSync(directory)) {
    const type = TYPES.get(extname(name));
    if (type === undefined) continue;
    const bytes = readFileSync(join(directory, name));
    const version = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
    files.set(name, { bytes, type, version });
  }
  return files;
}

/** @throws an error for a name that does not exist: a view links to nothing. */
export function assetUrls(files: ReadonlyMap<string, AssetFile>): AssetUrl {
  return (name) => {
    const file = files.get(name);
    if (!file) throw new Error(`there is no asset ${name}`);
    return `/assets/${name}?v=${file.version}`;
  };
}
