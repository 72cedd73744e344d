/** Loads the hook module that `Site:Hooks` names, and checks what it exports. */
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { nearest } from './config/nearest.ts';
import { Misconfigured } from './errors.ts';
import { HOOK_NAMES, type Hooks } from './hooks.ts';
import { atMost } from './at-most.ts';

const LOAD_MS = 10_000;
const MAX_PROBLEM = 500;

const isFunction = (value: unknown) => typeof value === 'function';
const hooksSchema = z.object({
  onSignIn: z.custom<NonNullable<Hooks['onSignIn']>>(isFunction).optional(),
  onSignOut: z.custom<NonNullable<Hooks['onSignOut']>>(isFunction).optional(),
  onSignInFailed: z.custom<NonNullable<Hooks['onSignInFailed']>>(isFunction).optional(),
});

/**
 * The hooks of the module at `path`; none without one. The module is code of this site: it is
 * trusted as much as the rest of it.
 *
 * @throws {Misconfigured} it cannot be loaded, does not finish loading in `limitMs`, or exports
 * what is no hook.
 */
export async function loadHooks(path: string | undefined, limitMs = LOAD_MS): Promise<Hooks> {
  if (path === undefined) return {};
  const exported = await exportsOf(path, limitMs);
  const names = Object.keys(exported);
  const unknown = names.find((name) => !isHook(name) && looksLikeHook(name));
  if (unknown !== undefined) {
    const meant = nearest(unknown, HOOK_NAMES);
    const fix = meant ? `Did you mean ${meant}?` : `Known are ${HOOK_NAMES.join(', ')}.`;
    throw fault(path, `exports ${unknown}, which is no hook`, fix);
  }
  if (!names.some(isHook)) {
    const fix = `Export functions by these names, not as one default: ${HOOK_NAMES.join(', ')}.`;
    throw fault(path, 'exports no hook', fix);
  }
  const wrong = HOOK_NAMES.find((name) => name in exported && !isFunction(exported[name]));
  if (wrong !== undefined) {
    throw fault(path, `exports ${wrong} as ${typeof exported[wrong]}`, 'Make it a function.');
  }
  const { onSignIn, onSignOut, onSignInFailed } = hooksSchema.parse(exported);
  return {
    ...(onSignIn && { onSignIn }),
    ...(onSignOut && { onSignOut }),
    ...(onSignInFailed && { onSignInFailed }),
  };
}

async function exportsOf(
  path: string,
  limitMs: number,
): Promise<Readonly<Record<string, unknown>>> {
  const { href } = pathToFileURL(path);
  let loaded: Readonly<Record<string, unknown>> | undefined;
  const loading = import(href).then((exported: Record<string, unknown>) => {
    loaded = { ...exported };
  });
  try {
    await atMost(limitMs, loading);
  } catch (error) {
    // Whatever a module throws, the operator has to see it, with its place in the module.
    throw fault(path, `cannot be loaded: ${problemOf(error, href)}`, 'Mend it.', error);
  }
  if (loaded) return loaded;
  const fix = 'Let nothing at its top level wait for long.';
  throw fault(path, `has not finished loading after ${limitMs / 1000} s`, fix);
}

function isHook(name: string): boolean {
  return HOOK_NAMES.some((each) => each === name);
}

/** A misspelt hook would never be called, and nobody would be refused. */
function looksLikeHook(name: string): boolean {
  return /^on[A-Z]/.test(name) || nearest(name, HOOK_NAMES) !== undefined;
}

function problemOf(error: unknown, href: string): string {
  if (!(error instanceof Error)) return `it throws a ${typeof error}`;
  const [, afterPath = ''] = (error.stack ?? '').split(`${href}:`);
  const line = /^\d+/.exec(afterPath)?.[0];
  const problem = `${error.name}: ${error.message}`.slice(0, MAX_PROBLEM);
  return line === undefined ? problem : `${problem} (line ${line})`;
}

function fault(path: string, problem: string, fix: string, cause?: unknown): Misconfigured {
  return new Misconfigured(`Site:Hooks: the module ${path} ${problem}. ${fix}`, { cause });
}
