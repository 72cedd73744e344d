/** Reports APIs whose tokens no tenant could give. */
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
    const isForMany = authority?.kind === 'entra' && FOR_MANY.includes(authority.tenantId);
    if (requestAppToken && isForMany && tenantId === undefined) {
      const problem = 'is missing: a token of this site itself is of one tenant';
      report.fault(key, problem, 'Name the tenant, or set AzureAd:TenantId to one.');
    }
  }
}
