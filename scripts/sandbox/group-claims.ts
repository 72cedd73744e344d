/** The group claims of a token, or where to ask instead when there are too many to carry. */
import { groupsOf } from './groups.ts';
import type { Grant, SandboxState } from './sandbox-state.ts';

/** The most groups a JWT carries, and one that came in a URL. */
const most = { groups: 200, hasgroups: 5 } as const;

/** `groups`, or the overage: `_claim_names` with `_claim_sources`, or `hasgroups`. */
export function groupClaims(state: SandboxState, { clientId, user, membership }: Grant): object {
  const kind = state.apps.get(clientId.toLowerCase())?.groupClaims;
  if (!kind) return {};
  const groups = membership.guest ? [] : groupsOf(user).map(({ id }) => id);
  if (groups.length <= most[kind]) return groups.length > 0 ? { groups } : {};
  if (kind === 'hasgroups') return { hasgroups: true };
  const endpoint = `${state.url.href}graph/v1.0/users/${membership.objectId}/getMemberObjects`;
  return { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint } } };
}
