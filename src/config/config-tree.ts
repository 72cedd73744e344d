/** Configuration as one tree, wherever it came from; keys are compared without regard to case. */

export type ConfigValue = string | number | boolean | null;

export interface ConfigLeaf {
  /** The key as written. */
  readonly name: string;
  readonly value: ConfigValue;
}

export interface ConfigBranch {
  readonly name: string;
  /** Whether it was written as a list; one from the environment is known by its numbered keys. */
  readonly isList: boolean;
  /** By key in lower case, in the order they were written. */
  readonly children: Map<string, ConfigNode>;
}

export type ConfigNode = ConfigLeaf | ConfigBranch;

export function emptyBranch(name: string, isList = false): ConfigBranch {
  return { name, isList, children: new Map() };
}

export function isBranch(node: ConfigNode | undefined): node is ConfigBranch {
  return node !== undefined && 'children' in node;
}

export function childOf(branch: ConfigBranch | undefined, key: string): ConfigNode | undefined {
  return branch?.children.get(key.toLowerCase());
}

/** The elements of a list in the order of their numbers; `undefined` for what is not a list. */
export function listElements(branch: ConfigBranch): readonly ConfigNode[] | undefined {
  const entries = [...branch.children];
  const isList = entries.length === 0 ? branch.isList : entries.every(([key]) => isIndex(key));
  if (!isList) return undefined;
  return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, node]) => node);
}

/** Puts a value at a path, as .NET does: what is beside it stays, what is in its way is replaced. */
export function overlay(root: ConfigBranch, path: readonly string[], value: string): void {
  let branch = root;
  for (const key of path.slice(0, -1)) {
    let next = childOf(branch, key);
    if (!isBranch(next)) {
      next = emptyBranch(key);
      branch.children.set(key.toLowerCase(), next);
    }
    branch = next;
  }
  const name = path.at(-1) ?? '';
  const key = name.toLowerCase();
  branch.children.set(key, { name: branch.children.get(key)?.name ?? name, value });
}

function isIndex(key: string): boolean {
  return /^\d+$/.test(key);
}
