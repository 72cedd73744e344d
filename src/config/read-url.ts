/** Reads a URL that this site may talk to, or be found at. */
import { isSecureUrl } from '../loopback.ts';
import type { Section } from './section.ts';

interface UrlRules {
  /** Shown in the fix. */
  readonly example: string;
  /** Whether it may have a path of its own. */
  readonly path: boolean;
}

/**
 * An https URL, or http on loopback, without credentials, query or fragment.
 *
 * No message holds the value: a password may be in it.
 */
export function readUrl<Key extends string>(
  section: Section<Key>,
  key: Key,
  rules: UrlRules,
): URL | undefined {
  const text = section.text(key);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const wrong = url ? problemOf(url, text, rules) : 'is not a URL';
  if (url && !wrong) return url;
  section.fault(key, wrong ?? '', `Write it like ${rules.example}.`);
  return undefined;
}

function problemOf(url: URL, text: string, rules: UrlRules): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return 'begins with neither https:// nor http://';
  }
  if (url.username !== '' || url.password !== '') return 'holds a user name or password';
  if (text.includes('?')) return 'has a query string';
  if (text.includes('#')) return 'has a fragment';
  if (!rules.path && url.pathname !== '/') return 'has a path, where only a host belongs';
  if (!isSecureUrl(url)) {
    return 'is plain http, which is for loopback hosts (localhost, 127.0.0.1, [::1]) only';
  }
  return undefined;
}
