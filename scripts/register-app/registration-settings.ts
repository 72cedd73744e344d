/** Reads from the settings what a registration depends on; they need not be complete yet. */
import { AZURE_AD_KEYS, type AzureAdKey } from '../../src/config/azure-ad.ts';
import {
  type CallbackPaths,
  checkRedirectUris,
  readCallbackPaths,
} from '../../src/config/callback-paths.ts';
import { childOf, overlay } from '../../src/config/config-tree.ts';
import { readDownstreamApis } from '../../src/config/downstream-apis.ts';
import { ConfigurationFaults, FaultReport } from '../../src/config/faults.ts';
import { checkPublicHost } from '../../src/config/public-host.ts';
import { readSources, type Sources } from '../../src/config/read-sources.ts';
import { Section } from '../../src/config/section.ts';
import { readSessionLimits, SESSION_KEYS } from '../../src/config/session-limits.ts';
import type { DownstreamApi } from '../../src/config/settings.ts';
import { readSite, SITE_KEYS } from '../../src/config/site.ts';
import { type RegistrationAuthority, readRegistrationAuthority } from './registration-authority.ts';

const PATH_KEYS = [
  ...['CallbackPath', 'SignedOutCallbackPath', 'RemoteSignOutPath'],
  ...['BackChannelLogoutPath', 'AdminConsentCallbackPath'],
] as const;

export interface RegistrationSettings extends RegistrationAuthority {
  readonly publicUrl: URL;
  readonly paths: CallbackPaths;
  /** The paths that are written down, by their keys. */
  readonly ownPaths: Readonly<Record<string, string>>;
  /** All that people are asked for, of any resource. */
  readonly scopes: readonly string[];
  readonly hasApis: boolean;
  readonly hasAccountContext: boolean;
}

/**
 * Takes `publicUrl` in place of the settings' own. What only a registered app has (its ID, tenant and
 * credential) may be absent or a placeholder.
 *
 * @throws {ConfigurationFaults} a part that is needed is faulty; it lists all that is found.
 */
export function readRegistrationSettings(
  sources: Sources,
  publicUrl: string | undefined,
): RegistrationSettings {
  const report = new FaultReport();
  const tree = readSources(sources, report);
  if (!tree) throw new ConfigurationFaults(report.faults);
  if (publicUrl !== undefined) overlay(tree, ['Site', 'PublicUrl'], publicUrl);
  const section = <Key extends string>(name: string, keys: readonly Key[]) =>
    new Section(name, childOf(tree, name), keys, report);

  const site = readSite(section('Site', SITE_KEYS), sources);
  const azureAd = section('AzureAd', AZURE_AD_KEYS);
  const paths = readCallbackPaths(azureAd);
  if (site.publicUrl) {
    checkPublicHost(site.publicUrl, report);
    checkRedirectUris(azureAd, paths, site.publicUrl);
  }
  const authority = readRegistrationAuthority(tree, report);
  const apis = readDownstreamApis(tree, report);
  const session = readSessionLimits(section('Session', SESSION_KEYS));
  if (report.hasFaults || !site.publicUrl) throw new ConfigurationFaults(report.faults);
  return {
    publicUrl: site.publicUrl,
    paths,
    ownPaths: pathsOf(azureAd),
    ...authority,
    scopes: [
      ...(site.signInScopes ?? []),
      ...scopesOf(apis),
      ...(session.revokeSignInSessions ? ['User.RevokeSessions.All'] : []),
    ],
    hasApis: apis.length > 0,
    hasAccountContext: session.accountContext !== undefined,
  };
}

function pathsOf(azureAd: Section<AzureAdKey>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    PATH_KEYS.flatMap((key) => {
      const path = azureAd.text(key);
      return path === undefined ? [] : [[key, path]];
    }),
  );
}

/** What the site asks for as itself needs permissions of another kind, which nobody signing in gives. */
function scopesOf(apis: readonly DownstreamApi[]): readonly string[] {
  return apis
    .filter(({ requestAppToken }) => !requestAppToken)
    .flatMap(({ scopes, gateway }) => [...scopes, ...gateway.flatMap((rule) => rule.scopes ?? [])]);
}
