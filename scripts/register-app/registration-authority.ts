/** Reads where people will sign in; the tenant need not be known yet, and all else must be right. */
import { AZURE_AD_KEYS } from '../../src/config/azure-ad.ts';
import { readAuthority } from '../../src/config/authority-settings.ts';
import { cloudAt } from '../../src/config/clouds.ts';
import { type ConfigBranch, childOf } from '../../src/config/config-tree.ts';
import { FaultReport } from '../../src/config/faults.ts';
import { Section } from '../../src/config/section.ts';
import type { AuthoritySettings } from '../../src/config/settings.ts';

export interface RegistrationAuthority {
  /** `undefined` before the tenant is known. */
  readonly authority: AuthoritySettings | undefined;
  /** Where it is, be the tenant known or not; `undefined` if nothing is said of it. */
  readonly authorityUrl: URL | undefined;
}

export function readRegistrationAuthority(
  tree: ConfigBranch,
  report: FaultReport,
): RegistrationAuthority {
  // To a report of its own: a tenant that is not known yet is no fault here.
  const found = new FaultReport();
  const section = new Section('AzureAd', childOf(tree, 'AzureAd'), AZURE_AD_KEYS, found);
  const authority = readAuthority(section);
  if (authority) {
    const authorityUrl = authority.kind === 'entra' ? authority.instance : authority.issuer;
    return { authority, authorityUrl };
  }
  const key = section.has('TenantId') || !section.has('Authority') ? 'Instance' : 'Authority';
  const faults = found.faults.filter((fault) => fault.key === section.pathOf(key));
  const text = section.text(key);
  const url = text === undefined ? undefined : (URL.parse(text) ?? undefined);
  // An Authority names the tenant, too: it may be a sample's as a whole, or in that part of it.
  const lacksTenant = key === 'Authority' && (text === undefined || cloudAt(url?.hostname ?? ''));
  if (!lacksTenant) for (const each of faults) report.fault(each.key, each.problem, each.fix);
  return { authority: undefined, authorityUrl: url && new URL('/', url) };
}
