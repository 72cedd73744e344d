/** Lays environment variables named `Section__Key` over the tree, as .NET does. */
import { type ConfigBranch, childOf, isBranch, overlay } from './config-tree.ts';
import type { FaultReport } from './faults.ts';
import { nearest } from './nearest.ts';
import type { Environment } from './read-sources.ts';
import { SECTIONS } from './sections.ts';

const SEPARATOR = /__|:/;
/** Sections that no other program names its variables after. */
const OURS_ALONE = /^(AzureAd|TokenCache|DownstreamApis)_(?!_)/i;

/**
 * Variables of a known section, or of a section that the tree already has, are laid over it;
 * others are none of ours, but one that looks misspelt is warned of.
 *
 * They are taken in the order of their names, so that the order of the environment, which no
 * one controls, decides nothing.
 */
export function overlayEnvironment(
  tree: ConfigBranch,
  env: Environment,
  report: FaultReport,
): void {
  for (const name of Object.keys(env).sort()) {
    const value = env[name];
    if (value === undefined) continue;
    const path = name.split(SEPARATOR);
    const [section = ''] = path;
    if (path.length > 1 && !path.includes('') && isSection(tree, section)) {
      overlay(tree, path, value);
    } else {
      warnOfMisspelling(name, path, report);
    }
  }
}

function isSection(tree: ConfigBranch, name: string): boolean {
  const isKnown = SECTIONS.some((section) => section.toLowerCase() === name.toLowerCase());
  return isKnown || isBranch(childOf(tree, name));
}

function warnOfMisspelling(name: string, path: readonly string[], report: FaultReport): void {
  if (OURS_ALONE.test(name)) {
    const fix = `Name it ${name.replace('_', '__')}.`;
    report.warn(name, 'is ignored: between a section and its key stand two underscores', fix);
    return;
  }
  const section = path.length > 1 ? nearest(path[0] ?? '', SECTIONS) : undefined;
  if (section) report.warn(name, 'is ignored', `Did you mean ${section}__…?`);
}
