/** An account whose kept tokens were given these scopes. */
import type { TokenOverview } from '../../src/broker/account-overview.ts';
import { scopeSet } from '../../src/scope-set.ts';
import { ADA, type Web } from './a-web.ts';

export function permitted(web: Web, ...scopes: string[]): void {
  const tokens = scopes.map((scope): TokenOverview => {
    const { resource, permissions } = scopeSet([scope]);
    const asked = [...permissions];
    const times = { gotAt: 0, refreshAt: 0, expiresAt: 0 };
    return { id: scope, tenantId: undefined, resource, granted: asked, asked, ...times };
  });
  web.broker.overviews.set(ADA.accountId, { tokens });
}
