/** What the callers of a race ask for, and whether the token they got is theirs. */
import { z } from 'zod';
import { tenants, type User, users } from '../../scripts/sandbox/directory.ts';
import { graph, todos } from '../../scripts/sandbox/resources.ts';
import type { Call } from './race-messages.ts';

/** A request with what its tokens must say; each has a slot of its own. */
export interface Wanted {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly tenantId?: string;
  readonly audience: string;
  readonly permission: string;
}

function demoUser(username: string): User {
  const user = users.find((each) => each.username === username);
  if (!user) throw new Error(`there is no ${username} in the sandbox`);
  return user;
}

/** At home at fabrikam, and a guest of contoso. */
export const racer = demoUser('cleo@fabrikam.example');
export const bystander = demoUser('dan@fabrikam.example');
export const guestTenantId =
  tenants.find(({ domain }) => domain === 'contoso.example')?.id ?? 'missing';

export const graphCall: Wanted = {
  name: 'graph',
  scopes: ['User.Read'],
  audience: graph.uri,
  permission: 'User.Read',
};

export const mixedCalls: readonly Wanted[] = [
  graphCall,
  {
    name: 'to-do',
    scopes: [`${todos.uri}/Todos.Read`],
    audience: todos.uri,
    permission: 'Todos.Read',
  },
  { ...graphCall, name: 'graph as a guest', tenantId: guestTenantId },
];

/** The order to a process that this many of its callers want it. */
export function callOf({ name, scopes, tenantId }: Wanted, callers: number): Call {
  return { name, scopes: [...scopes], tenantId, callers };
}

const claimsSchema = z.object({
  aud: z.string(),
  scp: z.string(),
  oid: z.string(),
  tid: z.string(),
  exp: z.number(),
});

/** Whether an access token is for this person, this resource and this tenant, and not expired. */
export function isRight(token: string, wanted: Wanted, user: User): boolean {
  const body = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  const claims = claimsSchema.parse(JSON.parse(body));
  const tenantId = wanted.tenantId ?? user.homeTenantId;
  const guest = user.guestIn.find((membership) => membership.tenantId === tenantId);
  return (
    claims.aud === wanted.audience &&
    claims.scp.split(' ').includes(wanted.permission) &&
    claims.tid === tenantId &&
    claims.oid === (guest?.objectId ?? user.id) &&
    claims.exp * 1000 > Date.now()
  );
}
