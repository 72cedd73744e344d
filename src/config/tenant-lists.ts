/** Reads whose people may sign in, of those that the authority is for: the tenants allowed and denied. */
import { isGuid, PERSONAL_TENANT } from '../tenant-id.ts';
import type { Section } from './section.ts';
import type { AuthoritySettings, TenantLists } from './settings.ts';

type ListKey = 'AllowedTenants' | 'DeniedTenants';

const BY_GUID = 'Write directory (tenant) IDs: a token names its tenant by nothing else.';
const REMOVE = 'Remove it.';

/** Whether people who have signed in to that tenant may come in. */
export function isTenantAllowed(
  { allowed, denied }: TenantLists,
  tenantId: string | undefined,
): boolean {
  const wanted = tenantId?.toLowerCase() ?? '';
  return !denied.includes(wanted) && (allowed?.includes(wanted) ?? true);
}

export function readTenantLists<Key extends string>(
  section: Section<Key | ListKey>,
  authority: AuthoritySettings | undefined,
): TenantLists {
  const allowed = readList(section, 'AllowedTenants');
  const denied = readList(section, 'DeniedTenants');
  if (allowed?.length === 0) {
    const fix = 'Name the tenants, or remove it: without it, no tenant is left out.';
    section.fault('AllowedTenants', 'is empty, and would let nobody in', fix);
  }
  const both = allowed?.find((tenantId) => denied?.includes(tenantId));
  if (both !== undefined) {
    const fix = 'Take it out of one of them.';
    section.fault('DeniedTenants', `names ${both}, and so does AllowedTenants`, fix);
  }
  if (authority) checkAuthority(section, authority, { allowed, denied: denied ?? [] });
  return { allowed, denied: denied ?? [] };
}

function readList<Key extends string>(
  section: Section<Key | ListKey>,
  key: ListKey,
): readonly string[] | undefined {
  const written = section.words(key, /[\s,]+/);
  for (const each of written ?? []) {
    if (!isGuid(each)) section.fault(key, `names ${each}, which is no GUID`, BY_GUID);
  }
  const tenantIds = written?.filter(isGuid).map((each) => each.toLowerCase());
  // What is left when others were faults is not an empty list.
  const isFaulty = written !== undefined && tenantIds?.length === 0 && written.length > 0;
  return isFaulty ? undefined : tenantIds && [...new Set(tenantIds)];
}

/** Reports lists that can limit nothing, or leave nobody, at this authority. */
function checkAuthority<Key extends string>(
  section: Section<Key | ListKey>,
  authority: AuthoritySettings,
  { allowed, denied }: TenantLists,
): void {
  const report = (key: ListKey, isWrong: boolean | undefined, problem: string, fix = REMOVE) => {
    if (isWrong) section.fault(key, problem, fix);
  };
  if (authority.kind === 'oidc') {
    const problem = 'is of Entra ID, and AzureAd:Authority is not';
    report('AllowedTenants', allowed && allowed.length > 0, problem);
    report('DeniedTenants', denied.length > 0, problem);
    return;
  }
  const { tenantId } = authority;
  if (tenantId === 'common') return;
  if (tenantId === 'organizations') {
    const problem = 'names the personal accounts, which organizations leaves out';
    report('AllowedTenants', allowed?.includes(PERSONAL_TENANT), problem, 'Take it out.');
    return;
  }
  const own = tenantId === 'consumers' ? PERSONAL_TENANT : tenantId;
  // A domain's own GUID is not known here: a single one pins it.
  const strangers = isGuid(own) ? allowed?.filter((each) => each !== own) : allowed?.slice(1);
  const problem = 'names another tenant than AzureAd:TenantId, whose people alone can sign in';
  const fix = 'Remove it, or set AzureAd:TenantId to organizations or common.';
  report('AllowedTenants', strangers && strangers.length > 0, problem, fix);
  const isOwn = denied.includes(own);
  const why = isOwn
    ? 'names the tenant of AzureAd:TenantId, and would let nobody in'
    : 'is of no use where AzureAd:TenantId names one tenant';
  report('DeniedTenants', denied.length > 0, why, fix);
}
