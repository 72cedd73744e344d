/** Reads the section `Site`: where the site is found, and how it listens. */
import { resolve } from 'node:path';
import { readTextFile } from './read-text-file.ts';
import { readUrl } from './read-url.ts';
import { readScopes } from './scopes.ts';
import type { Section } from './section.ts';

export const SITE_KEYS = [
  'PublicUrl',
  'Port',
  'MetricsPort',
  'TrustProxy',
  'SignInScopes',
  'Hooks',
] as const;

export interface SiteSettings {
  /** `undefined` when it is faulty. */
  readonly publicUrl: URL | undefined;
  readonly port: number;
  /** `undefined`: nothing is told to a monitoring system. */
  readonly metricsPort: number | undefined;
  readonly trustProxy: boolean;
  /** `undefined` when absent: the first API's are asked then. */
  readonly signInScopes: readonly string[] | undefined;
  /** The path of a file that is there; `undefined` when absent or faulty. */
  readonly hooks: string | undefined;
}

const DEFAULT_PORT = 4000;

type SiteSection = Section<(typeof SITE_KEYS)[number]>;

export function readSite(
  section: SiteSection,
  { directory }: { readonly directory: string },
): SiteSettings {
  section.refuseUnknownKeys();
  const port = section.integer('Port', { min: 0, max: 65_535 }) ?? DEFAULT_PORT;
  const publicUrl = section.has('PublicUrl')
    ? readUrl(section, 'PublicUrl', { example: 'https://your.site', path: false })
    : new URL(`http://localhost:${port}`);
  const trustProxy = section.flag('TrustProxy') ?? false;
  if (publicUrl?.protocol === 'https:' && !trustProxy) {
    section.warn(
      'TrustProxy',
      'is off: the limit on sign-ins takes all who come by one proxy for one',
      'Set it to true if a proxy is in front of this site, and nobody comes past it.',
    );
  }
  return {
    publicUrl,
    port,
    metricsPort: readMetricsPort(section, port),
    trustProxy,
    signInScopes: readScopes(section, 'SignInScopes'),
    hooks: readHooks(section, directory),
  };
}

function readMetricsPort(section: SiteSection, port: number): number | undefined {
  const metricsPort = section.integer('MetricsPort', { min: 1, max: 65_535 });
  if (metricsPort === undefined || metricsPort !== port) return metricsPort;
  section.fault('MetricsPort', 'is the site’s own port', 'Choose one that people cannot reach.');
  return undefined;
}

/** Only whether the module is there: to know more, it would have to be run. */
function readHooks(section: SiteSection, directory: string): string | undefined {
  const written = section.text('Hooks');
  if (written === undefined) return undefined;
  const path = resolve(directory, written);
  const file = readTextFile(path);
  if (file.state === 'read') return path;
  if (file.state === 'absent') {
    section.fault('Hooks', `names a file that does not exist: ${path}`, 'Correct the path.');
  } else {
    section.fault('Hooks', `cannot be read (${file.code})`, 'Let this process read the file.');
  }
  return undefined;
}
