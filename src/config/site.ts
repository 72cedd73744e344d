/** Reads the section `Site`: where the site is found, and how it listens. */
import { readUrl } from './read-url.ts';
import { readScopes } from './scopes.ts';
import type { Section } from './section.ts';

export const SITE_KEYS = ['PublicUrl', 'Port', 'TrustProxy', 'SignInScopes'] as const;

export interface SiteSettings {
  /** `undefined` when it is faulty. */
  readonly publicUrl: URL | undefined;
  readonly port: number;
  readonly trustProxy: boolean;
  /** `undefined` when absent: the first API's are asked then. */
  readonly signInScopes: readonly string[] | undefined;
}

const DEFAULT_PORT = 4000;

export function readSite(section: Section<(typeof SITE_KEYS)[number]>): SiteSettings {
  section.refuseUnknownKeys();
  const port = section.integer('Port', { min: 0, max: 65_535 }) ?? DEFAULT_PORT;
  const publicUrl = section.has('PublicUrl')
    ? readUrl(section, 'PublicUrl', { example: 'https://your.site', path: false })
    : new URL(`http://localhost:${port}`);
  const trustProxy = section.flag('TrustProxy') ?? false;
  if (publicUrl?.protocol === 'https:' && !trustProxy) {
    section.warn(
      'TrustProxy',
      'is off: the limit on sign-ins takes all who come by one proxy for one.',
    );
  }
  return {
    publicUrl,
    port,
    trustProxy,
    signInScopes: readScopes(section, 'SignInScopes'),
  };
}
