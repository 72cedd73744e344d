/** The invented groups of the tenants, and who is in them, directly and through other groups. */
import { homeTenant, type User } from './directory.ts';
import { guidOf } from './guid-of.ts';

export interface Group {
  readonly id: string;
  readonly name: string;
  readonly securityEnabled: boolean;
}

const named = (tenantId: string, name: string, securityEnabled = true): Group => ({
  id: guidOf('group', tenantId, name),
  name,
  securityEnabled,
});

/** Direct memberships by username; one person is in more groups than a token can carry. */
const names: Readonly<Record<string, readonly string[]>> = {
  'ada@contoso.example': ['Operations', 'Leadership'],
  'ben@contoso.example': ['Operations', 'Warehouse'],
  'cleo@fabrikam.example': ['Design'],
  'dan@fabrikam.example': Array.from(
    { length: 230 },
    (_, index) => `Project ${String(index + 1).padStart(3, '0')}`,
  ),
};

/** One of them is a Microsoft 365 group, which carries mail and no permission. */
export function directGroupsOf(user: User): readonly Group[] {
  return (names[user.username] ?? []).map((name) =>
    named(user.homeTenantId, name, name !== 'Leadership'),
  );
}

/** All groups, also those that hold one of the person's own. */
export function groupsOf(user: User): readonly Group[] {
  const direct = directGroupsOf(user);
  if (direct.length === 0) return [];
  return [...direct, named(user.homeTenantId, `Everyone at ${homeTenant(user).name}`)];
}
