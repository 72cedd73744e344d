/** Lets only accounts with an app role on to a route. */
import { Forbidden } from '../../errors.ts';
import { type Middleware, signedIn } from '../context.ts';
import { activeAccount } from '../session.ts';

/**
 * Any one of the roles will do; two of these one after the other want both. They are compared letter
 * for letter with those that the account in use was given at its sign-in, by its ID token or by the
 * site's own hook: a role that is taken away is gone at the next sign-in. Whoever is not signed in is
 * led to the authority and back.
 *
 * At a site that is open to many tenants, each tenant's own administrator assigns the roles, and anyone
 * may have a tenant of their own for nothing: there a role tells only what somebody is in their tenant.
 * Name the tenants that count in `AzureAd:AllowedTenants`, or compare the account's tenant in the route.
 */
export function requireRole(first: string, ...others: readonly string[]): Middleware {
  const wanted = [first, ...others];
  if (wanted.includes('')) throw new TypeError('requireRole: a role without a name is no role');
  return async (ctx, next) => {
    signedIn(ctx);
    const { roles = [] } = activeAccount(ctx.session) ?? {};
    if (!wanted.some((role) => roles.includes(role))) throw lacking(wanted);
    await next();
  };
}

function lacking(roles: readonly string[]): Forbidden {
  const named =
    roles.length === 1 ? `the role ${roles[0]}` : `one of the roles ${roles.join(', ')}`;
  return new Forbidden(`This takes ${named}, and your account does not have it.`, {
    missing: { roles },
  });
}
