/** Finds the sections of APIs: all under `DownstreamApis`, and those at the top that have a `BaseUrl`. */
import { type ConfigBranch, type ConfigNode, childOf, isBranch } from './config-tree.ts';
import { API_KEYS, readDownstreamApi } from './downstream-api.ts';
import type { FaultReport } from './faults.ts';
import { nearest } from './nearest.ts';
import { Section } from './section.ts';
import { SECTIONS } from './sections.ts';
import type { DownstreamApi } from './settings.ts';

interface ApiNode {
  readonly path: string;
  readonly node: ConfigNode;
}

const SECTION = 'DownstreamApis';
/** Fit for a path segment and for the name of an environment variable. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
/** `/api/session` is the site's own. */
const RESERVED = new Set(['session']);

/** The APIs in the order they are written; a top-level section that looks misspelt is a fault. */
export function readDownstreamApis(tree: ConfigBranch, report: FaultReport): DownstreamApi[] {
  const found = [...tree.children.values()].flatMap((node) => apiNodes(node, report));
  const seen = new Map<string, string>();
  return found
    .filter(({ path, node }) => {
      const other = seen.get(node.name.toLowerCase());
      seen.set(node.name.toLowerCase(), other ?? path);
      return checkName(path, node.name, other, report);
    })
    .map(({ path, node }) =>
      readDownstreamApi(new Section(path, node, API_KEYS, report), node.name),
    )
    .filter((api) => api !== undefined);
}

function apiNodes(node: ConfigNode, report: FaultReport): ApiNode[] {
  const { name } = node;
  if (name.toLowerCase() === SECTION.toLowerCase()) return nodesUnder(node, report);
  if (SECTIONS.some((section) => section.toLowerCase() === name.toLowerCase())) return [];
  if (isBranch(node) && childOf(node, 'BaseUrl')) return [{ path: name, node }];
  const section = nearest(name, SECTIONS);
  if (section) {
    report.fault(name, 'is not a section that this site knows', `Did you mean ${section}?`);
  } else if (isBranch(node) && (childOf(node, 'Scopes') || childOf(node, 'Gateway'))) {
    const fix = 'Give it the BaseUrl of the API, or remove it.';
    report.warn(name, 'is not taken as an API, because it has no BaseUrl', fix);
  }
  return [];
}

function nodesUnder(node: ConfigNode, report: FaultReport): ApiNode[] {
  if (isBranch(node) && !node.isList) {
    return [...node.children.values()].map((child) => ({
      path: `${SECTION}:${child.name}`,
      node: child,
    }));
  }
  const fix = 'Write an object there, with one section for each API by its name.';
  report.fault(SECTION, 'holds no sections by name', fix);
  return [];
}

function checkName(
  path: string,
  name: string,
  other: string | undefined,
  report: FaultReport,
): boolean {
  if (other !== undefined) {
    const problem = `has the name of ${other}; letter case makes no difference`;
    report.fault(path, problem, 'Give each API a name of its own.');
  } else if (RESERVED.has(name.toLowerCase())) {
    report.fault(path, 'has a name that the site keeps for itself', 'Choose another name.');
  } else if (!NAME.test(name)) {
    const fix = 'Use letters, digits, ".", "_" and "-" only, and no "." at the beginning.';
    report.fault(path, 'has a name that cannot stand in a path', fix);
  } else return true;
  return false;
}
