/** Reports APIs and scopes of another cloud than people sign in to: no token is ever sent from one to another. */
import { type Cloud, GRAPH_HOSTS } from './clouds.ts';
import { cloudOfAuthority } from './external-id.ts';
import type { FaultReport } from './faults.ts';
import type { AuthoritySettings, DownstreamApi } from './settings.ts';

/** Where a Microsoft Graph is named, by its host. */
interface Mention {
  readonly key: string;
  readonly host: string;
}

export function checkApiClouds(
  authority: AuthoritySettings | undefined,
  apis: readonly DownstreamApi[],
  signInScopes: readonly string[],
  report: FaultReport,
): void {
  const cloud = authority && cloudOfAuthority(authority);
  if (!cloud) return;
  const named = [...apis.flatMap(mentionsOf), ...mentionsIn('Site:SignInScopes', signInScopes)];
  const foreign = named.filter(({ host }) => !cloud.graphHosts.includes(host));
  for (const mention of foreign) reportForeign(mention, cloud, report);
  const [first, ...others] = named.filter((mention) => !foreign.includes(mention));
  for (const { key, host } of others) {
    if (host === first?.host) continue;
    const problem = `names ${host}, and ${first?.key} names ${first?.host}`;
    report.fault(key, problem, 'Name one Microsoft Graph only: the tokens of two would be mixed.');
  }
}

function reportForeign({ key, host }: Mention, cloud: Cloud, report: FaultReport): void {
  const problem = `names ${host}, and people sign in to ${cloud.name} (${cloud.host})`;
  report.fault(
    key,
    problem,
    `Write ${cloud.graphHosts.join(' or ')}, or change where people sign in, in AzureAd.`,
  );
}

function mentionsOf({ name, baseUrl, scopes, gateway }: DownstreamApi): readonly Mention[] {
  return [
    ...mentionsIn(`${name}:BaseUrl`, [baseUrl.href]),
    ...mentionsIn(`${name}:Scopes`, scopes),
    ...gateway.flatMap((rule, index) =>
      mentionsIn(`${name}:Gateway:${index}:Scopes`, rule.scopes ?? []),
    ),
  ];
}

/** Each host once, however many URLs or scopes are of it; with a dot at its end it is the same. */
function mentionsIn(key: string, named: readonly string[]): readonly Mention[] {
  const hosts = named.map((each) => URL.parse(each)?.hostname.replace(/\.$/, '') ?? '');
  return [...new Set(hosts)].filter((host) => GRAPH_HOSTS.has(host)).map((host) => ({ key, host }));
}
