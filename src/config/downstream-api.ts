/** Reads the section of one API: where it is, what may be asked of it. */
import { type ForeignKeys, judgeForeignKeys } from './foreign-keys.ts';
import { readGateway } from './gateway.ts';
import { readUrl } from './read-url.ts';
import { readScopes, resourcesOf } from './scopes.ts';
import type { Section } from './section.ts';
import type { DownstreamApi } from './settings.ts';

export const API_KEYS = [
  ...['BaseUrl', 'RelativePath', 'Scopes', 'RedirectHosts', 'Gateway'],
  ...['ProtocolScheme', 'RequestAppToken'],
] as const;
export type ApiKey = (typeof API_KEYS)[number];

const FOREIGN: ForeignKeys = {
  harmless: ['HttpMethod', 'AcceptHeader', 'ContentType', 'Serializer', 'Deserializer'],
  unsafe: {
    AcquireTokenOptions: 'Remove it: tokens are asked for with the scopes alone.',
    ExtraHeaderParameters: 'Remove it: no header of your own is sent.',
    ExtraQueryParameters: 'Remove it: no parameter of your own is sent.',
  },
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
  refuseOtherTokens(section);
  judgeForeignKeys(section, FOREIGN);
  if (!baseUrl || !scopes) return undefined;
  baseUrl.pathname = baseUrl.pathname.replace(/\/+$/, '');
  return { name, baseUrl, relativePath, scopes, redirectHosts, gateway };
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

function refuseOtherTokens(section: Section<ApiKey>): void {
  const scheme = section.text('ProtocolScheme');
  if (scheme !== undefined && scheme.toLowerCase() !== 'bearer') {
    section.fault('ProtocolScheme', 'is not Bearer', 'Remove it: only Bearer is supported.');
  }
  if (section.flag('RequestAppToken')) {
    const fix = 'Remove it: APIs are called for the person signed in.';
    section.fault('RequestAppToken', 'is not supported', fix);
  }
}
