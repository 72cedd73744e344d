/** Lets only people who are signed in on to a route, and asks for what the route needs of them besides. */
import { SignInRequired } from '../../errors.ts';
import { type Middleware, signedIn } from '../context.ts';
import { activeAccount } from '../session.ts';

export interface Requirement {
  /** Scopes of one resource, whose consent is asked for before the route runs. */
  readonly scopes?: readonly string[];
  /** A claims request (JSON text) that the access token for `scopes` must answer. */
  readonly claims?: string;
  /** An authentication context (`c1` to `c99`) that the sign-in must have satisfied: a step-up. */
  readonly authenticationContext?: string;
}

/**
 * Whoever is not signed in, or lacks what is required, is led to the authority for exactly that, and
 * back; a script is answered 401 with the same in words.
 */
export function requireAccount(requirement: Requirement = {}): Middleware {
  const { scopes, claims, authenticationContext } = requirement;
  return async (ctx, next) => {
    const account = signedIn(ctx);
    const { acrs = [] } = activeAccount(ctx.session) ?? {};
    if (authenticationContext && !acrs.includes(authenticationContext)) {
      throw new SignInRequired('interaction', { claims: stepUpTo(authenticationContext) });
    }
    if (scopes) await ctx.state.broker.acquireToken(account, { scopes, ...(claims && { claims }) });
    await next();
  };
}

/** Of the ID token, as it is this site's own page that asks. */
function stepUpTo(value: string): string {
  return JSON.stringify({ id_token: { acrs: { essential: true, value } } });
}
