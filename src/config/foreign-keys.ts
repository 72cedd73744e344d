/** Judges keys of Microsoft.Identity.Web that this site does not use: harmless, or unsafe to ignore. */
import type { Section } from './section.ts';

export interface ForeignKeys {
  /** Keys that have nothing to say here. */
  readonly harmless: readonly string[];
  /** Keys that have nothing to say where they are, with where it is said. */
  readonly moved?: Readonly<Record<string, string>>;
  /** Keys that would be missed, with what to do. */
  readonly unsafe: Readonly<Record<string, string>>;
}

/** A name that sounds like a limit on who or what is let in. */
const LIMIT = /^(allow|valid|require|restrict|block|deny|trust)|validation|policyid$/i;

const REMOVE = 'Remove it, unless another program reads it.';

/**
 * A misspelt key, and one that is unsafe to ignore, is a fault; any other unknown one a warning.
 */
export function judgeForeignKeys<Key extends string>(
  section: Section<Key>,
  { harmless, moved = {}, unsafe }: ForeignKeys,
): void {
  const isHarmless = caseless(harmless);
  const [unsafeFixes, movedFixes] = [caselessMap(unsafe), caselessMap(moved)];
  for (const { name, nearest } of section.unknownKeys()) {
    const path = `${section.path}:${name}`;
    const fix = unsafeFixes.get(name.toLowerCase());
    const place = movedFixes.get(name.toLowerCase());
    if (fix !== undefined) {
      section.report.fault(path, 'is not supported, and not safe to ignore', fix);
    } else if (place !== undefined) {
      section.report.warn(path, 'has no effect here', place);
    } else if (isHarmless(name)) {
      section.report.warn(path, 'has no effect here', REMOVE);
    } else if (nearest !== undefined) {
      section.refuseUnknownKey(name, nearest);
    } else if (LIMIT.test(name)) {
      const why = 'is not known here, and sounds like a limit that would be missed';
      section.report.fault(path, why, 'Remove it, once nothing depends on it.');
    } else {
      section.report.warn(path, 'is not known here, and has no effect', REMOVE);
    }
  }
}

function caselessMap(fixes: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(fixes).map(([key, fix]) => [key.toLowerCase(), fix]));
}

function caseless(names: readonly string[]): (name: string) => boolean {
  const known = new Set(names.map((name) => name.toLowerCase()));
  return (name) => known.has(name.toLowerCase());
}
