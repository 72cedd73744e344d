/** The signed-out page, to which the authority brings the person back. */
import type { Middleware, Parts } from '../context.ts';

export function signedOut({ pages }: Parts): Middleware {
  return (ctx) => {
    // Someone signed in came here by the back button or a link of another site: nothing happened.
    if (ctx.state.account) ctx.redirect('/');
    else pages.show(ctx, 'signed-out', { next: '', who: '', scope: 'here' });
  };
}
