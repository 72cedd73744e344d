/** Loads the settings: all sources read, every section checked, all faults told at once. */
import { randomBytes as secureRandomBytes } from 'node:crypto';
import { checkApiClouds } from './api-clouds.ts';
import { checkApiTenants } from './api-tenants.ts';
import { AZURE_AD_KEYS, type AzureAdSettings, readAzureAd } from './azure-ad.ts';
import { checkRedirectUris } from './callback-paths.ts';
import { childOf } from './config-tree.ts';
import { readDownstreamApis } from './downstream-apis.ts';
import { type ConfigurationFault, ConfigurationFaults, FaultReport } from './faults.ts';
import { LOCAL_KEYS_FILE, type LocalKeys, localKeys } from './local-keys.ts';
import { checkPublicHost } from './public-host.ts';
import { readSources, type Sources } from './read-sources.ts';
import { Section } from './section.ts';
import type { SECTIONS } from './sections.ts';
import { readSessionLimits, SESSION_KEYS } from './session-limits.ts';
import type { DownstreamApi, Settings } from './settings.ts';
import { readSite, SITE_KEYS, type SiteSettings } from './site.ts';
import { readTokenCache, TOKEN_CACHE_KEYS, type TokenCacheSettings } from './token-cache.ts';

export interface LoadedSettings {
  readonly settings: Settings;
  /** Sentences for the operator; none holds a secret. */
  readonly warnings: readonly string[];
}

export interface LoadOptions extends Sources {
  readonly now?: () => number;
  readonly randomBytes?: (size: number) => Buffer;
  /** Whether absent keys may be kept in a file; `true` unless only a check is wanted. */
  readonly mayWrite?: boolean;
}

type SectionName = Exclude<(typeof SECTIONS)[number], 'DownstreamApis'>;

/** What a configuration holds, whether or not a site could start with it. */
export interface ExaminedSettings {
  /** `undefined` while there are faults. */
  readonly settings: Settings | undefined;
  /** What could be read of each section; `undefined` if no source could be read. */
  readonly sections: ReadSections | undefined;
  readonly faults: readonly ConfigurationFault[];
  readonly warnings: readonly ConfigurationFault[];
}

/** What is faulty is absent, or as it is by default. */
export interface ReadSections {
  readonly site: SiteSettings;
  readonly azureAd: AzureAdSettings;
  readonly tokenCache: TokenCacheSettings;
  readonly downstreamApis: readonly DownstreamApi[];
}

/**
 * The settings of `appsettings.json` in `directory` (or of `file`, or the one that
 * `APPSETTINGS_FILE` names), overlaid by `.env` beside it and by `env`.
 *
 * On loopback, keys that are absent are made and kept in `.local/keys.json`.
 *
 * @throws {ConfigurationFaults} something has to be mended; it lists all that is found.
 */
export function loadSettings(options: LoadOptions): LoadedSettings {
  const { settings, faults, warnings } = examineSettings(options);
  if (!settings) throw new ConfigurationFaults(faults);
  const sentences = warnings.map(({ key, problem, fix }) => `${key} ${problem}. ${fix}`);
  return { settings, warnings: sentences };
}

/** The same, with faults as a part of the answer: for those who go on with what there is. */
export function examineSettings(options: LoadOptions): ExaminedSettings {
  const { directory, now = Date.now, randomBytes = secureRandomBytes, mayWrite = true } = options;
  const report = new FaultReport();
  const examined = (sections?: ReadSections, settings?: Settings): ExaminedSettings => {
    return { settings, sections, faults: report.faults, warnings: report.warnings };
  };
  const tree = readSources(options, report);
  if (!tree) return examined();
  const section = <Key extends string>(name: SectionName, keys: readonly Key[]) =>
    new Section(name, childOf(tree, name), keys, report);

  const site = readSite(section('Site', SITE_KEYS), { directory });
  const azureAdSection = section('AzureAd', AZURE_AD_KEYS);
  const azureAd = readAzureAd(azureAdSection, { directory, now: now(), env: options.env });
  if (site.publicUrl) checkRedirectUris(azureAdSection, azureAd, site.publicUrl);
  const isAtEntra = azureAd.authority?.kind === 'entra';
  if (site.publicUrl && isAtEntra) checkPublicHost(site.publicUrl, report);
  const downstreamApis = readDownstreamApis(tree, report);
  checkApiTenants(azureAd.authority, downstreamApis, report);
  checkApiClouds(azureAd.authority, downstreamApis, site.signInScopes ?? [], report);
  const tokenCache = readTokenCache(section('TokenCache', TOKEN_CACHE_KEYS), site.publicUrl);
  const session = readSessionLimits(section('Session', SESSION_KEYS));
  const sections = { site, azureAd, tokenCache, downstreamApis };

  const { publicUrl, signInScopes = firstScopes(downstreamApis) } = site;
  const { authority, clientId, credentials } = azureAd;
  const isComplete = publicUrl && authority && clientId !== undefined && credentials.length > 0;
  // Keys are made only for a site that can start.
  if (report.hasFaults || !isComplete) return examined(sections);
  const readLocalKeys = () => localKeys(directory, randomBytes, report, { mayWrite });
  const keys = completeKeys(tokenCache, readLocalKeys, report);
  if (!keys) return examined(sections);

  const secure = publicUrl.protocol === 'https:';
  return examined(sections, {
    site: { ...site, publicUrl, signInScopes, secure },
    azureAd: { ...azureAd, authority, clientId },
    tokenCache: { ...tokenCache, ...keys },
    session,
    downstreamApis,
  });
}

function firstScopes(apis: readonly DownstreamApi[]): readonly string[] {
  return apis.find(({ requestAppToken }) => !requestAppToken)?.scopes ?? [];
}

/** The keys given; what is absent, which was checked to be allowed, comes from the local file. */
function completeKeys(
  { encryptionKeys, indexKey }: TokenCacheSettings,
  readLocalKeys: () => LocalKeys | undefined,
  report: FaultReport,
): LocalKeys | undefined {
  if (encryptionKeys && indexKey) return { encryptionKeys, indexKey };
  const local = readLocalKeys();
  const names = [...(encryptionKeys ? [] : ['EncryptionKeys']), ...(indexKey ? [] : ['IndexKey'])];
  report.warn(
    'TokenCache',
    `is without ${names.join(' and ')}: keys of this machine are used, from ${LOCAL_KEYS_FILE}`,
    'That will do on this machine; for a site, make each with: npm run new-key.',
  );
  return (
    local && { ...local, ...(encryptionKeys && { encryptionKeys }), ...(indexKey && { indexKey }) }
  );
}
