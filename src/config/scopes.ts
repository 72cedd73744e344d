/** Reads scopes, and tells which resource they are of. */
import { isOidcScope, resourceOf } from '../scope-set.ts';
import type { Section } from './section.ts';

/** RFC 6749 §3.3, without the separators that people use in place of a space. */
const SCOPE = /^[!\x23-\x2B\x2D-\x3A\x3C-\x5B\x5D-\x7E]+$/;

/** Scopes as one text or a list; `undefined` when absent, without those of OpenID Connect itself. */
export function readScopes<Key extends string>(
  section: Section<Key>,
  key: Key,
): readonly string[] | undefined {
  const words = section.words(key);
  if (words?.some((word) => !SCOPE.test(word))) {
    section.fault(
      key,
      'holds a comma, semicolon, quote or other character that no scope has',
      'Separate scopes by spaces, or write them as a list.',
    );
    return undefined;
  }
  const own = words?.filter((word) => !isOidcScope(word));
  return own && [...new Set(own)];
}

/** The resources that scopes are of, each once, by the names to show. */
export function resourcesOf(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes.map((scope) => resourceOf(scope) || 'Microsoft Graph'))];
}
