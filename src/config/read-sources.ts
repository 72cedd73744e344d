/** Reads where configuration comes from, weakest first: the settings file, `.env`, the environment. */
import { basename, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { type ConfigBranch, emptyBranch } from './config-tree.ts';
import type { FaultReport } from './faults.ts';
import { overlayEnvironment } from './overlay-environment.ts';
import { parseSettingsFile } from './parse-settings-file.ts';
import { readTextFile } from './read-text-file.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Sources {
  readonly env: Environment;
  /** Where `appsettings.json`, `.env` and `.local/` are. */
  readonly directory: string;
  /** A settings file in place of `appsettings.json`; it must exist. */
  readonly file?: string | undefined;
}

const DEFAULT_FILE = 'appsettings.json';

/** One tree of all sources; `undefined` when a file could not be read, which is reported. */
export function readSources(
  { env, directory, file }: Sources,
  report: FaultReport,
): ConfigBranch | undefined {
  const dotEnv = readDotEnv(join(directory, '.env'), report);
  const named = file || env['APPSETTINGS_FILE'] || dotEnv['APPSETTINGS_FILE'];
  const tree = readSettingsFile(directory, named, report);
  if (tree) {
    overlayEnvironment(tree, dotEnv, report);
    overlayEnvironment(tree, env, report);
  }
  return tree;
}

function readDotEnv(path: string, report: FaultReport): Environment {
  const text = readTextFile(path);
  if (text.state === 'unreadable') reportUnreadable('.env', text.code, report);
  return text.state === 'read' ? parseEnv(text.content) : {};
}

function readSettingsFile(
  directory: string,
  named: string | undefined,
  report: FaultReport,
): ConfigBranch | undefined {
  const path = resolve(directory, named ?? DEFAULT_FILE);
  const text = readTextFile(path);
  if (text.state === 'read') return parseSettingsFile(text.content, basename(path), report);
  if (text.state === 'unreadable') reportUnreadable(path, text.code, report);
  else if (named === undefined) return emptyBranch('');
  else report.fault(path, 'does not exist', 'Create the file, or name another one.');
  return undefined;
}

function reportUnreadable(file: string, code: string, report: FaultReport): void {
  report.fault(file, `cannot be read (${code})`, 'Let this process read it, or remove it.');
}
