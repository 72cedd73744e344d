/** The list of keys is the list of what is read, no more and no less. */
import { expect } from 'chai';
import { AZURE_AD_KEYS } from '../../src/config/azure-ad.ts';
import { TOKEN_KEYS } from '../../src/config/call-defaults.ts';
import { API_KEYS } from '../../src/config/downstream-api.ts';
import { GATEWAY_KEYS } from '../../src/config/gateway.ts';
import { configurationTable, documentedKeys } from '../../src/config/keys.ts';
import { SESSION_KEYS } from '../../src/config/session-limits.ts';
import { SITE_KEYS } from '../../src/config/site.ts';
import { CREDENTIAL_KEYS } from '../../src/config/source-keys.ts';
import { TOKEN_CACHE_KEYS } from '../../src/config/token-cache.ts';
import { faultsWith } from './config-rig.ts';

const below = (section: string, keys: readonly string[]) => keys.map((key) => `${section}:${key}`);

/** The keys inside, for one that is a section of its own. */
function inner(key: string): readonly string[] {
  const names: Readonly<Record<string, readonly string[]>> = {
    ExtraHeaderParameters: ['<header>'],
    ExtraQueryParameters: ['<parameter>'],
    AcquireTokenOptions: TOKEN_KEYS,
    CustomSignedAssertionProviderData: ['<name>'],
  };
  return names[key]?.map((name) => `${key}:${name}`) ?? [key];
}

describe('The documented keys', () => {
  it('are those that the sections read', () => {
    expect(documentedKeys.map(({ key }) => key)).to.have.members([
      ...below('Site', SITE_KEYS),
      ...below('AzureAd', AZURE_AD_KEYS),
      ...below('AzureAd:ClientCredentials:<n>', CREDENTIAL_KEYS.flatMap(inner)),
      ...below('DownstreamApis:<name>', API_KEYS.flatMap(inner)),
      ...below('DownstreamApis:<name>:Gateway:<n>', GATEWAY_KEYS),
      ...below('TokenCache', TOKEN_CACHE_KEYS),
      ...below('Session', SESSION_KEYS),
    ]);
  });

  for (const { key } of documentedKeys.filter(({ key: name }) => !name.includes('<n>'))) {
    it(`have ${key} read: a value of a wrong type is a fault`, () => {
      const path = key.replace('<name>', 'Graph').replace(/<\w+>$/, 'Sample');
      const needed = key === 'AzureAd:Authority' || key === 'AzureAd:TenantId';
      const without = needed ? { 'AzureAd:TenantId': undefined } : {};
      const faults = faultsWith({ ...without, [path]: { wrong: 1 } });
      expect(faults.map((fault) => fault.key)).to.include(path);
    });
  }

  it('are a table in Markdown', () => {
    const lines = configurationTable().trimEnd().split('\n');
    expect(lines).to.have.length(documentedKeys.length + 2);
    expect(lines.every((line) => /^\|([^|]+\|){3}$/.test(line))).to.equal(true);
    expect(lines).to.include(
      '| `Site:Port` | `4000` | Where the site listens; 0 takes a free port |',
    );
  });
});
