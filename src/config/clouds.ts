/** The clouds of Microsoft, which share nothing: where each signs people in, and where its Microsoft Graph is. */

/** https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud */
export interface Cloud {
  readonly name: string;
  /** For `az cloud set`; the Azure CLI knows not every cloud. */
  readonly azName: 'AzureCloud' | 'AzureUSGovernment' | 'AzureChinaCloud' | undefined;
  /** Where people sign in, and what its issuers name. */
  readonly host: string;
  /** Other names of that host. */
  readonly aliases: readonly string[];
  /** Of its Microsoft Graph; the first is the one that is meant where none is named. */
  readonly graphHosts: readonly [string, ...string[]];
  /** Where people see what they have allowed, and take it back; not known of every cloud. */
  readonly consentsUrl: string | undefined;
  /** Whom a token is for that proves this site by a managed identity; not known of every cloud. */
  readonly tokenExchangeAudience: string | undefined;
}

export const GLOBAL_CLOUD: Cloud = {
  name: 'the global cloud',
  azName: 'AzureCloud',
  host: 'login.microsoftonline.com',
  aliases: ['login.windows.net', 'login.microsoft.com', 'sts.windows.net'],
  graphHosts: ['graph.microsoft.com'],
  consentsUrl: 'https://myapps.microsoft.com',
  tokenExchangeAudience: 'api://AzureADTokenExchange',
};

export const CLOUDS: readonly Cloud[] = [
  GLOBAL_CLOUD,
  {
    name: 'the US Government cloud',
    azName: 'AzureUSGovernment',
    host: 'login.microsoftonline.us',
    aliases: ['login.usgovcloudapi.net', 'login-us.microsoftonline.com'],
    graphHosts: ['graph.microsoft.us', 'dod-graph.microsoft.us'],
    consentsUrl: undefined,
    tokenExchangeAudience: 'api://AzureADTokenExchangeUSGov',
  },
  {
    name: 'the cloud of China',
    azName: 'AzureChinaCloud',
    host: 'login.partner.microsoftonline.cn',
    aliases: ['login.chinacloudapi.cn'],
    graphHosts: ['microsoftgraph.chinacloudapi.cn'],
    consentsUrl: undefined,
    tokenExchangeAudience: 'api://AzureADTokenExchangeChina',
  },
  {
    name: 'the cloud of France (Bleu)',
    azName: undefined,
    host: 'login.sovcloud-identity.fr',
    aliases: [],
    graphHosts: ['graph.svc.sovcloud.fr'],
    consentsUrl: undefined,
    tokenExchangeAudience: 'api://AzureADTokenExchangeFrance',
  },
  {
    name: 'the cloud of Germany (Delos)',
    azName: undefined,
    host: 'login.sovcloud-identity.de',
    aliases: [],
    graphHosts: ['graph.svc.sovcloud.de'],
    consentsUrl: undefined,
    tokenExchangeAudience: 'api://AzureADTokenExchangeGermany',
  },
  {
    name: 'the Government cloud of Singapore',
    azName: undefined,
    host: 'login.sovcloud-identity.sg',
    aliases: [],
    graphHosts: ['graph.svc.sovcloud.sg'],
    consentsUrl: undefined,
    tokenExchangeAudience: undefined,
  },
];

/** Closed in October 2021. */
const CLOSED = { hosts: ['login.microsoftonline.de'], graphHosts: ['graph.microsoft.de'] };

/** All hosts of Microsoft Graph, of whatever cloud. */
export const GRAPH_HOSTS: ReadonlySet<string> = new Set([
  ...CLOUDS.flatMap(({ graphHosts }) => graphHosts),
  ...CLOSED.graphHosts,
]);

/** The cloud that signs people in at a host, by its own name. */
export function cloudAt(host: string): Cloud | undefined {
  return CLOUDS.find((cloud) => cloud.host === host);
}

/** The name to write for one of a cloud's other names. */
export function canonicalHost(alias: string): string | undefined {
  return CLOUDS.find(({ aliases }) => aliases.includes(alias))?.host;
}

export function isClosedCloud(host: string): boolean {
  return CLOSED.hosts.includes(host);
}

/**
 * The cloud whose tokens an instance gives, as far as that is known: External ID is of the global one.
 */
export function cloudOf({ hostname }: URL): Cloud | undefined {
  return hostname.endsWith('.ciamlogin.com') ? GLOBAL_CLOUD : cloudAt(hostname);
}

/** Where the people of an instance take back what they allowed; an unknown one is of the global cloud. */
export function consentsUrl(instance: URL): string | undefined {
  return (cloudOf(instance) ?? GLOBAL_CLOUD).consentsUrl;
}

/**
 * The audience of a token of a managed identity, or of another issuer that the app registration trusts,
 * that proves this site at an instance; `undefined` where Microsoft names none.
 *
 * An instance that is no cloud's own, such as a domain of External ID, is of the global cloud.
 */
export function tokenExchangeAudience(instance: URL): string | undefined {
  return (cloudOf(instance) ?? GLOBAL_CLOUD).tokenExchangeAudience;
}
