/** Reports APIs whose tokens no tenant could give. */
import { isExternalIdHost } from './external-id.ts';
import type { FaultReport } from './faults.ts';
import type { AuthoritySettings, DownstreamApi } from './settings.ts';

const FOR_MANY = ['common', 'organizations', 'consumers'];

export function checkApiTenants(
  authority: AuthoritySettings | undefined,
  apis: readonly DownstreamApi[],
  report: FaultReport,
): void {
  for (const { name, requestAppToken, defaults } of apis) {
    const key = `${name}:AcquireTokenOptions:Tenant`;
    const { tenantId } = defaults;
    if (authority?.kind === 'oidc' && tenantId !== undefined) {
      report.fault(key, 'is of Entra ID, and AzureAd:Authority is not', 'Remove it.');
    }
    if (authority && isExternalId(authority) && tenantId !== undefined) {
      report.fault(key, 'is of no use at External ID, which is of one tenant', 'Remove it.');
    }
    const isForMany = authority?.kind === 'entra' && FOR_MANY.includes(authority.tenantId);
    if (requestAppToken && isForMany && tenantId === undefined) {
      const problem = 'is missing: a token of this site itself is of one tenant';
      report.fault(key, problem, 'Name the tenant, or set AzureAd:TenantId to one.');
    }
  }
}

/** A domain of the writer's own is not told from others here. */
function isExternalId(authority: AuthoritySettings): boolean {
  return authority.kind === 'entra' && isExternalIdHost(authority.instance.hostname);
}
