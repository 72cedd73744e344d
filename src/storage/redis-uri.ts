/** Reads the URIs of Redis: one server, the nodes of a Cluster, or the Sentinels that name a primary. */

export interface RedisUri {
  readonly kind: 'server' | 'cluster' | 'sentinel';
  /** Each is `<host>:<port>`, the port as it is written or usual. */
  readonly hosts: readonly string[];
  /** Names or addresses without ports. */
  readonly hostnames: readonly string[];
  /** Of the primary, as its Sentinels call it; empty elsewhere. */
  readonly primaryName: string;
  /** Without credentials, for logs. */
  readonly label: string;
  /** The URL of a server that holds records, with the credentials. */
  urlOf(host: string): string;
  /** The URL of a Sentinel, which may have a password of its own, the same, or none. */
  sentinelUrlOf(host: string, options: { readonly withCredentials: boolean }): string;
  /** For logs. */
  labelOf(host: string): string;
}

/** Valkey speaks the protocol of Redis. */
export const REDIS_SCHEMES: readonly string[] = ['redis', 'valkey'].flatMap((name) =>
  ['', '-cluster', '-sentinel'].flatMap((kind) => [`${name}${kind}`, `${name}s${kind}`]),
);

const PARTS =
  /^(?<scheme>(?:redis|valkey)(?<tls>s?)(?:-(?<kind>cluster|sentinel))?):\/\/(?:(?<user>[^/?#]*)@)?(?<hosts>[^/?#]+)(?<path>\/[^?#]*)?(?:[?#].*)?$/;
const PATHS: Record<RedisUri['kind'], RegExp> = {
  server: /^\/?(?<database>\d*)$/,
  // A Cluster has one database.
  cluster: /^\/?(?<database>0?)$/,
  sentinel: /^\/(?<name>[^/]+)(?:\/(?<database>\d*))?$/,
};
const PORTS: Record<RedisUri['kind'], number> = { server: 6379, cluster: 6379, sentinel: 26_379 };

/** `undefined` if it names no host, more than its scheme has, or is badly encoded. */
export function readRedisUri(uri: string): RedisUri | undefined {
  const { scheme, tls, user, path = '', ...parts } = PARTS.exec(uri)?.groups ?? {};
  if (scheme === undefined || parts['hosts'] === undefined) return undefined;
  const kind = kindOf(parts['kind']);
  const place = PATHS[kind].exec(path)?.groups;
  const hosts = parts['hosts'].split(',').map((host) => readHost(host, PORTS[kind]));
  const primaryName = decoded(place?.['name'] ?? '');
  if (!place || !hosts.every((host) => host !== undefined)) return undefined;
  if (primaryName === undefined || decoded(user ?? '') === undefined) return undefined;
  if (kind === 'server' && hosts.length > 1) return undefined;
  const protocol = tls ? 'rediss' : 'redis';
  const credentials = user === undefined ? '' : `${user}@`;
  return {
    kind,
    hosts,
    hostnames: hosts.map((host) => host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')),
    primaryName,
    label: `${scheme}://${parts['hosts']}${path}`,
    urlOf: (host) => `${protocol}://${credentials}${host}/${place['database'] ?? ''}`,
    sentinelUrlOf: (host, { withCredentials }) =>
      `${protocol}://${withCredentials ? credentials : ''}${host}`,
    labelOf: (host) => `${scheme}://${host}`,
  };
}

/** How to write a URI of this scheme. */
export function redisUriForm(scheme: string): string {
  const host = '<host>:<port>';
  const ends = { server: `${host}/<database number>`, cluster: `${host},${host}`, sentinel: '' };
  ends.sentinel = `${host},${host}/<name of the primary>/<database number>`;
  const kind = kindOf(/-(cluster|sentinel)$/.exec(scheme)?.[1]);
  return `${scheme}://<user>:<password>@${ends[kind]}`;
}

function kindOf(suffix: string | undefined): RedisUri['kind'] {
  return suffix === 'cluster' || suffix === 'sentinel' ? suffix : 'server';
}

/** The address with its port; `undefined` if it is none. */
function readHost(text: string, usualPort: number): string | undefined {
  const url = URL.parse(`redis://${text}`);
  if (!url?.hostname || url.username || url.password) return undefined;
  return `${url.hostname}:${url.port || usualPort}`;
}

/** `undefined` if a percent sign stands alone. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // The URI is the operator's to mend, and is not shown.
    return undefined;
  }
}
