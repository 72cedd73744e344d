/** Reads the section of one API: where it is, what may be asked of it. */
import { readCallDefaults, readCallLimits } from './call-defaults.ts';
import { type ForeignKeys, judgeForeignKeys } from './foreign-keys.ts';
import { readGateway } from './gateway.ts';
import { readUrl } from './read-url.ts';
import { readScopes, resourcesOf } from './scopes.ts';
import type { Section } from './section.ts';
import type { DownstreamApi } from './settings.ts';

export const API_KEYS = [
  ...['BaseUrl', 'RelativePath', 'Scopes', 'Page', 'RedirectHosts', 'Gateway'],
  ...['ProtocolScheme', 'RequestAppToken', 'HttpMethod', 'AcceptHeader', 'ContentType'],
  ...['ExtraHeaderParameters', 'ExtraQueryParameters', 'AcquireTokenOptions'],
  ...['TimeoutSeconds', 'ResponseTimeoutSeconds', 'MaxRetries', 'MaxConcurrentCalls'],
] as const;
export type ApiKey = (typeof API_KEYS)[number];

const FOREIGN: ForeignKeys = {
  harmless: ['Serializer', 'Deserializer'],
  unsafe: {},
};

/** @returns `undefined` for a section that cannot be used, which is reported. */
export function readDownstreamApi(
  section: Section<ApiKey>,
  name: string,
): DownstreamApi | undefined {
  const example = 'https://graph.microsoft.com/v1.0';
  if (!section.has('BaseUrl')) section.requiredText('BaseUrl', `Write it like ${example}.`);
  const baseUrl = readUrl(section, 'BaseUrl', { example, path: true });
  const relativePath = readRelativePath(section);
  const scopes = readApiScopes(section);
  const redirectHosts = readRedirectHosts(section);
  const gateway = readGateway(section, scopes ?? []);
  const scheme = section.text('ProtocolScheme');
  if (scheme !== undefined && scheme.toLowerCase() !== 'bearer') {
    section.fault('ProtocolScheme', 'is not Bearer', 'Remove it: only Bearer is supported.');
  }
  const requestAppToken = section.flag('RequestAppToken') ?? false;
  if (requestAppToken) checkAppToken(section, scopes ?? [], gateway.length > 0);
  const hasPage = !requestAppToken && (section.flag('Page') ?? true);
  const [defaults, limits] = [readCallDefaults(section), readCallLimits(section)];
  judgeForeignKeys(section, FOREIGN);
  if (!baseUrl || !scopes) return undefined;
  baseUrl.pathname = baseUrl.pathname.replace(/\/+$/, '');
  const api = { name, baseUrl, relativePath, scopes, redirectHosts, gateway };
  return { ...api, requestAppToken, hasPage, defaults, limits };
}

function readApiScopes(section: Section<ApiKey>): readonly string[] | undefined {
  const fix = 'Name what is asked of the API, such as "User.Read" or "api://<its ID>/Read".';
  const hasScopes = section.has('Scopes');
  const scopes = readScopes(section, 'Scopes');
  if (!hasScopes) section.fault('Scopes', 'is missing', fix);
  else if (scopes?.length === 0) section.fault('Scopes', 'names nothing of the API', fix);
  const resources = resourcesOf(scopes ?? []);
  if (resources.length <= 1) return scopes;
  section.fault(
    'Scopes',
    `names scopes of ${resources.length} resources: ${resources.join(', ')}`,
    'Write one section for each resource: an access token is good for one.',
  );
  return undefined;
}

/** With a slash at the beginning, which Microsoft.Identity.Web leaves to the writer. */
function readRelativePath(section: Section<ApiKey>): string {
  const text = section.text('RelativePath') ?? '';
  const path = text === '' || text.startsWith('/') ? text : `/${text}`;
  if (!/[?#\\\s]|\/\/|\/\.{1,2}(\/|$)/.test(path)) return path;
  const problem = 'holds a query, a fragment, a backslash, a space, "//" or a dot segment';
  section.fault('RelativePath', problem, 'Write a plain path below BaseUrl, like /me.');
  return '';
}

function readRedirectHosts(section: Section<ApiKey>): readonly string[] {
  const hosts = section.words('RedirectHosts', /[\s,]+/) ?? [];
  for (const host of hosts) {
    const isHost = URL.parse(`https://${host}`)?.host === host.toLowerCase();
    if (isHost && !host.includes('*')) continue;
    const fix = 'Write host names, with a port if need be, without scheme, path or wildcard.';
    section.fault('RedirectHosts', 'holds what is not the name of a host', fix);
  }
  return hosts.map((host) => host.toLowerCase());
}

/** A token of the site itself is asked for as a whole, and its rights are nobody's in a browser. */
function checkAppToken(
  section: Section<ApiKey>,
  scopes: readonly string[],
  hasGateway: boolean,
): void {
  if (scopes.length !== 1 || !scopes[0]?.toLowerCase().endsWith('/.default')) {
    const problem = 'are not one scope that ends in /.default, as RequestAppToken needs';
    section.fault('Scopes', problem, 'Write "<application ID URI>/.default".');
  }
  if (!hasGateway) return;
  const problem = 'would give everyone who signs in the rights of this site itself';
  section.fault('Gateway', problem, 'Remove it, and write a route that decides who may do what.');
}
